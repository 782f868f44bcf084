# SPDX-License-Identifier: GPL-2.0-or-later
#
# What results.jq makes, as Markdown: a table for each table, of $group or, when
# that is empty, of all groups.

# digits N: with so many behind the point
def digits($n): pow(10; $n) as $p | (. * $p | round) as $i |
    (if $i < 0 then "-" else "" end) as $sign | ($i | fabs) as $i |
    ($i / $p | floor | tostring) as $whole |
    if $n == 0 then $sign + $whole
    else ($i % $p | tostring) as $rest |
        $sign + $whole + "." + ("0" * ($n - ($rest | length)) // "") + $rest
    end;

def figure: fabs as $size |
    if $size >= 100 then digits(0) elif $size >= 10 then digits(1)
    else digits(2) end;

def ratio: if . == null then "" else if . >= 20 then digits(0)
    elif . >= 3 then digits(1) else digits(2) end end;

def budget: if .limit == "" then "" else
    (.limit | split(" ")) as [$kind, $limit] |
    (if $kind == "plus" then "+" else "" end) + $limit + ": " +
    (if .kept then "kept" else "**over**" end) end;

def line: "| " + join(" | ") + " |";

# head TITLE COLUMN...: the first column is text
def head: line, ("|---" + (map("---:") | .[1:] | map("|" + .) | join("")) + "|");

def title: "\(.title), \(.unit)";

def spread_table:
    any(.rows[]; .base != "") as $based | any(.rows[]; .limit != "") as $limits |
    ([title, "best", "quartile", "median", "quartile"] +
     if $based then ["ratio", "of the best"] else [] end +
     if $limits then ["budget"] else [] end | head),
    (.rows[] | [.name, (.best, .q1, .median, .q3 | figure)] +
     if $based then [.ratio, .ratio_best | ratio] else [] end +
     if $limits then [budget] else [] end | line);

# Counted, not timed: one figure a row
def counted_table:
    any(.rows[]; .base != "") as $based | any(.rows[]; .limit != "") as $limits |
    ([title, "figure"] + if $based then ["more", "ratio"] else [] end +
     if $limits then ["budget"] else [] end | head),
    (.rows[] | [.name, (.median | figure)] +
     if $based then [(.plus | if . == null then "" else figure end),
                     (.ratio | ratio)] else [] end +
     if $limits then [budget] else [] end | line);

# Lines over an axis: medians, and behind them the ratio to the base
def axis_table($title): .rows as $rows | [$rows[].x] | unique as $xs |
    ($rows | reduce .[] as $r ([]; if index($r.name) then . else . + [$r.name] end))
        as $names |
    ([$title] + ($xs | map(tostring)) | head),
    ($names[] as $name | [$name] + [$xs[] as $x |
        ($rows | map(select(.name == $name and .x == $x)) | .[0]) |
        if . == null then "" else (.median | figure) +
            if .ratio then " (\(.ratio | ratio))" else "" end end] | line);

.tables[] | select($group == "" or .group == $group) |
(if any(.rows[]; .x != null) then axis_table(title)
 elif all(.rows[]; .n == 1) then counted_table
 else spread_table end), ""
