# SPDX-License-Identifier: GPL-2.0-or-later
#
# Figures as lib.sh records them, a row a line, to one object: tables of rows,
# each with its samples and what they come to. $about says where and how they
# were taken.

# of a sorted array
def quantile($p): ((length - 1) * $p) as $h | ($h | floor) as $i |
    .[$i] + ($h - $i) * ((.[$i + 1] // .[$i]) - .[$i]);

def to_row: {
    name: .[5], base: .[6], limit: .[7],
    x: (if .[8] == "" then null else .[8] | tonumber end),
    samples: (.[9] | split(" ") | map(select(. != "") | tonumber))
};

def to_table: {
    group: .[0], id: .[1], title: .[2], unit: .[3], better: .[4], rows: []
};

def summarised($better):
    (.samples | sort) as $s | . + {
        n: ($s | length), least: $s[0], most: $s[-1],
        best: (if $better == "more" then $s[-1] else $s[0] end),
        q1: ($s | quantile(0.25)), median: ($s | quantile(0.5)),
        q3: ($s | quantile(0.75))
    };

# Both were measured in each round: so their ratios are compared round by round.
def paired($base):
    if .n == $base.n then
        [range(.n) as $i | .samples[$i] / $base.samples[$i]] | sort |
        { ratio_q1: quantile(0.25), ratio_q3: quantile(0.75) }
    else {} end;

def kept: (.limit | split(" ")) as [$kind, $limit] |
    if $kind == "ratio" then .ratio_best <= ($limit | tonumber)
    elif $kind == "plus" then .plus_best <= ($limit | tonumber)
    else error("what is the budget \"\(.limit)\"?") end;

def compared($rows):
    . as $row | ($rows | map(select(.name == $row.base and .x == $row.x))) |
    if $row.base == "" then $row
    elif length != 1 then error("\($row.name): no row \"\($row.base)\"")
    else .[0] as $base | $row + {
            ratio: ($row.median / $base.median),
            ratio_best: ($row.best / $base.best),
            plus: ($row.median - $base.median),
            plus_best: ($row.best - $base.best)
        } + ($row | paired($base)) |
        if .limit == "" then . else .kept = kept end
    end;

reduce (inputs | split("\t")) as $line ([];
    if length > 0 and .[-1].group == $line[0] and .[-1].id == $line[1]
    then . else . + [$line | to_table] end |
    .[-1].rows += [$line | to_row]) |
map(.better as $better | .rows |= map(summarised($better)) |
    .rows |= (. as $rows | map(compared($rows)))) |
{ v: 1 } + $about + { tables: . }
