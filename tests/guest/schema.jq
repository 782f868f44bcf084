# SPDX-License-Identifier: GPL-2.0-or-later
#
# A value against a schema, as far as docs/audit.schema.json uses JSON Schema.
# What is wrong, as texts with the place in front; nothing: it is valid. A key
# that is not known here is an error, so that nothing goes unchecked.
def fits($wanted):
    type as $is |
    if $wanted == "integer" then $is == "number" and floor == .
    else $is == $wanted end;

def faults($schema; $at):
    . as $value |
    ($schema | keys - ["$schema", "title", "description", "type", "const",
        "enum", "pattern", "minimum", "required", "properties",
        "additionalProperties", "if", "then", "else", "anyOf"]
        | .[] | "\($at): the schema has \(.)"),
    ($schema.type // empty
        | if type == "array" then . else [.] end
        | . as $types
        | select([$types[] as $t | $value | fits($t)] | any | not)
        | "\($at): \($value) is no \($types)"),
    ($schema | select(has("const") and .const != $value)
        | "\($at): \($value) is not \(.const)"),
    ($schema | select(has("enum") and (.enum | index([$value]) == null))
        | "\($at): \($value) is not among \(.enum)"),
    ($schema.pattern // empty | . as $pattern | $value
        | select(type == "string" and (test($pattern) | not))
        | "\($at): \(.) does not match"),
    ($schema.minimum // empty | select($value < .) | "\($at): \($value)"),
    ($value | select(type == "object")
        | ($schema.required // [] | .[] | . as $key
            | select($value | has($key) | not) | "\($at): no \($key)"),
        (to_entries[]
            | .key as $key
            | (($schema.properties // {})[$key] //
                $schema.additionalProperties // {}) as $its
            | .value | faults($its; "\($at).\($key)"))),
    ($schema | select(has("if"))
        | (if [$value | faults($schema.if; $at)] == [] then .then else .else end)
        | . as $branch | $value | faults($branch; $at)),
    ($schema.anyOf // empty
        | . as $ways
        | select([$ways[] as $way | [$value | faults($way; $at)] == []]
            | any | not)
        | "\($at): no member of anyOf fits");

# Members that the schema does not describe.
def unknown($schema): keys - ($schema.properties | keys) | .[] | "\(.) is not described";
