# SPDX-License-Identifier: GPL-2.0-or-later
#
# What results.jq makes, as a program for gnuplot that draws each table into
# $folder/GROUP-ID.svg: ratios as bars with their quartiles, points over an axis
# as lines.

def quoted: "\"" + gsub("[\"\\\\`]"; "") + "\"";

def begin($height): [
    "reset",
    "set terminal svg size 820,\($height) dynamic background rgb 'white' font 'sans,13'",
    "set output \("\($folder)/\(.group)-\(.id).svg" | quoted)",
    "set title \(.title | quoted) noenhanced", "set grid"
];

# Bars from the top. Where ratios are far apart the scale is logarithmic, and
# bars begin at 1.
def bars: [.rows[] | select(.ratio)] as $rows | ($rows | length) as $n |
    ($rows | map(.ratio) | max > 20) as $far |
    begin(120 + 28 * $n) + ["$bars << END"] +
    [$rows | to_entries[] | .value as $r | "\($n - .key) \($r.ratio) " +
        "\($r.ratio_q1 // $r.ratio) \($r.ratio_q3 // $r.ratio) " +
        ($r.name | quoted)] +
    ["END", "set xlabel 'ratio to what it is compared with' noenhanced",
     if $far then "set logscale x" else "set xrange [0:*]" end,
     "set offsets 0, graph 0.08, 0, 0",
     "set yrange [0.4:\($n + 0.6)]", "unset key", "set ytics noenhanced",
     "set style fill solid 0.6 noborder",
     "set arrow from 1, graph 0 to 1, graph 1 nohead dashtype 2",
     "plot $bars using 2:1:(\(if $far then 1 else 0 end)):2:($1-0.35):($1+0.35):ytic(5) with boxxyerror linecolor rgb '#4477aa', " +
     "$bars using 2:1:3:4 with xerrorbars pointtype 7 pointsize 0.3 linecolor rgb 'black', " +
     "$bars using (($4 > $2 ? $4 : $2)):1:(sprintf('%.3g', $2)) with labels left offset 0.8,0"];

def lines: .rows as $rows |
    ($rows | reduce .[] as $r ([]; if index($r.name) then . else . + [$r.name] end))
        as $names |
    begin(460) +
    [$names | to_entries[] | .key as $i | .value as $name | "$line\($i) << END",
        ($rows[] | select(.name == $name) | "\(.x) \(.median) \(.q1) \(.q3)"),
        "END"] +
    ["set ylabel \(.unit | quoted)", "set logscale x", "set key below",
     "set xrange [\([$rows[].x] | min / 1.2):\([$rows[].x] | max * 1.2)]",
     (if ([$rows[].median] | max > 20 * min) then "set logscale y"
      else "set yrange [0:*]" end),
     "set xtics (\([$rows[].x] | unique | map(tostring) | join(", ")))",
     "plot " + ([$names | to_entries[] |
        "$line\(.key) using 1:2:3:4 with yerrorlines pointtype 7 title \(.value | quoted) noenhanced"]
        | join(", "))];

.tables[] | select(any(.rows[]; .x != null) or any(.rows[]; .ratio)) |
(if any(.rows[]; .x != null) then lines else bars end) | .[]
