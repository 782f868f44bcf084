# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with programs
#
# Debian packages, by apt configurations of our own: each has its sources
# list and its lists below build/apt/, takes the archive's address from the
# machine's own configuration, and leaves that as it is. Sourced after
# common.sh, never run.
#
#   debian_codename          the running release: bookworm
#   debian_lines KIND SUITE  sources.list lines for a suite, security included
#   apt_config NAME ARCH     writes build/apt/NAME from lines on stdin, and
#                            fetches its lists when they are missing or old
#   with_apt NAME CMD...     runs an apt program under that configuration
#   missing_packages NAME... those that are not installed
#   install_packages LOG ... installs, from the release or its backports

# How long fetched lists count as fresh, in minutes.
lists_fresh=720

# Releases whose packages set-up knows to suffice. The release file can be
# another one in tests.
os_release=${OS_RELEASE:-/etc/os-release}
known_releases="bookworm trixie forky sid"

debian_codename()
{
    # shellcheck disable=SC1090 # shell syntax by its own specification
    (. "$os_release" 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}")
}

# release_name: for messages
release_name()
{
    # shellcheck disable=SC1090
    (. "$os_release" 2>/dev/null && printf '%s' "${PRETTY_NAME:-unknown}")
}

# archive_uri SUITE: where the machine gets SUITE of Debian from. apt reads
# both formats of sources for us. Other archives use Debian's suite names too,
# but hardly its component and its folder.
archive_uri()
{
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
        'Created-By: Packages' 2>/dev/null |
        awk -v suite="$1" '
            { sub(/\/updates$/, "", $1) }
            $1 != suite || $2 != "main" { next }
            $3 ~ /\/debian(-security)?\/?$/ { print $3; found = 1; exit }
            other == "" { other = $3 }
            END { if (!found && other != "") print other }'
}

# debian_lines KIND SUITE: KIND is deb or deb-src. Fails when the machine's
# configuration names no Debian archive.
debian_lines()
{
    local kind=$1 suite=$2 codename main security signed=
    codename=$(debian_codename)
    main=$(archive_uri "$codename")
    [ -n "$main" ] || main=$(archive_uri stable)
    [ -n "$main" ] || return 1
    if [ -e /usr/share/keyrings/debian-archive-keyring.gpg ]; then
        signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
    fi
    printf '%s %s%s %s main\n' "$kind" "$signed" "$main" "$suite"
    case $suite in
    sid | *-*) return 0 ;;
    esac
    printf '%s %s%s %s-updates main\n' "$kind" "$signed" "$main" "$suite"
    security=$(archive_uri "$codename-security")
    [ -z "$security" ] || printf '%s %s%s %s-security main\n' \
        "$kind" "$signed" "$security" "$suite"
}

# apt_config NAME ARCH [status]: sources.list lines come on standard input.
# With `status` the machine's installed packages count, as they must for an
# installation; otherwise nothing does.
apt_config()
{
    local dir=$build/apt/$1 arch=$2 status=
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" || return 1
    cat >"$dir/sources.new"
    [ -s "$dir/sources.new" ] || return 1
    if [ "${3:-}" != status ]; then
        : >"$dir/status"
        status="Dir::State::status \"$dir/status\";"
    fi
    cat >"$dir/apt.conf" <<CONF
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "$dir/lists";
Dir::Cache "$dir/cache";
Dir::Cache::archives "archives";
Dir::Cache::pkgcache "packages.bin";
Dir::Cache::srcpkgcache "sources.bin";
$status
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
DPkg::Lock::Timeout "300";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
CONF
    lists_old "$dir" || return 0
    mv "$dir/sources.new" "$dir/sources.list"
    rm -f "$dir/fetched"
    # A suite that the mirror lacks is no reason to stop: what is looked for
    # may be in another, and the caller sees when it is not.
    logged "$logs/apt-$1.log" with_apt "$1" apt-get -q update || true
    compgen -G "$dir/lists/*_dists_*" >/dev/null || return 1
    touch "$dir/fetched"
}

# lists_old DIR: other sources than last time, or lists of some age
lists_old()
{
    cmp -s "$1/sources.new" "$1/sources.list" || return 0
    [ -z "$(find "$1/fetched" -mmin -"$lists_fresh" 2>/dev/null)" ]
}

with_apt()
{
    local name=$1
    shift
    APT_CONFIG=$build/apt/$name/apt.conf DEBIAN_FRONTEND=noninteractive "$@"
}

# missing_packages NAME...: as lines; NAME>=VERSION asks for a version
missing_packages()
{
    local installed name least have
    # shellcheck disable=SC2016 # dpkg's own variables
    installed=$(dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\n' \
        "${@%%>=*}" 2>/dev/null | sed -n 's/^.i *|//p')
    for name in "$@"; do
        least=
        case $name in
        *'>='*) least=${name##*>=} name=${name%%>=*} ;;
        esac
        have=$(grep -m 1 "^$name|" <<<"$installed") || have=
        if [ -z "$have" ] ||
            { [ -n "$least" ] && older "${have#*|}" "$least"; }; then
            printf '%s\n' "$name${least:+>=$least}"
        fi
    done
}

older()
{
    dpkg --compare-versions "$1" lt "$2~"
}

# available_version NAME LEAST: NAME, or NAME=VERSION where only backports
# have it new enough. Fails where nothing is.
available_version()
{
    local versions version
    versions=$(with_apt host apt-cache madison "$1" | awk '{ print $3 }')
    for version in $(with_apt host apt-cache policy "$1" |
        awk '/Candidate:/ { print $2 }') $versions; do
        if [ "$version" != "(none)" ] && ! older "$version" "$2"; then
            printf '%s=%s' "$1" "$version"
            return 0
        fi
    done
    return 1
}

# install_packages LOG NAME...: fails the step when it cannot
install_packages()
{
    local log=$1 codename name wanted=() list=()
    shift
    codename=$(debian_codename)
    wanted=("${@%%>=*}")
    case " $known_releases " in
    *" ${codename:-none} "*) ;;
    *)
        step_fail "$(release_name) is not supported: set-up knows Debian 12 \
and later" "" \
            "With these packages installed by hand it goes on without asking:" \
            "  ${wanted[*]}" ;;
    esac
    if [ "$(id -u)" != 0 ]; then
        step_fail "${#wanted[@]} packages are missing, and only root can \
install them" "" \
            "Run it as root once, or: sudo apt-get install ${wanted[*]}"
    fi
    {
        debian_lines deb "$codename" && case $codename in
        bookworm) debian_lines deb bookworm-backports ;;
        esac
    } | apt_config host "$(dpkg --print-architecture)" status ||
        step_fail "no Debian mirror answers" "$logs/apt-host.log" \
            "Check the network and the machine's sources in /etc/apt."
    for name in "$@"; do
        case $name in
        *'>='*)
            list+=("$(available_version "${name%%>=*}" "${name##*>=}")") ||
                step_fail "no ${name/>=/ } or later is to be had" \
                    "$logs/apt-host.log" \
                    "Does the mirror serve $codename-backports?" ;;
        *) list+=("$name") ;;
        esac
    done
    logged "$log" with_apt host apt-get -q install "${list[@]}" || {
        # The lists may be older than the pool: once more with new ones.
        rm -f "$build/apt/host/fetched"
        logged "$logs/apt-host.log" with_apt host apt-get -q update || true
        logged "$log" with_apt host apt-get -q install "${list[@]}" ||
            step_fail "packages could not be installed: ${wanted[*]}" "$log" \
                "Repair what apt complains about, and run this again."
    }
}
