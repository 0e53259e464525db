#!/bin/sh
# Print Alertmanager's configuration: alertmanager.yaml, and behind it every receiver-*.yaml whose values are all there.
#   receivers.sh <folder with these files> <folder with one file for each value, as a mounted Secret is>
# A value that is missing or empty turns its way off; with none, alerts are seen in Alertmanager and Grafana alone.
# Keys and passwords stay in their files, which Alertmanager reads when it tells somebody; only addresses are copied.
set -eu
config=$1 secrets=$2

value() { head -n 1 "$secrets/$1" | tr -d '"\\\r\n'; }

cat "$config/alertmanager.yaml"
for receiver in "$config"/receiver-*.yaml; do
    complete=yes
    text=$(sed -e '/^#/d' -e 's/^/    /' "$receiver")
    names=$(sed -n -e 's/^# needs: //p' "$receiver")
    for name in $names; do
        if [ -s "$secrets/$name" ]; then
            text=$(printf '%s\n' "$text" | sed -e "s|@$name@|$(value "$name" | sed -e 's/[|&]/\\&/g')|")
        else
            complete=no
        fi
    done
    if [ $complete = yes ]; then printf '%s\n' "$text" | sed -e "s|@folder@|$secrets|"; fi
done
