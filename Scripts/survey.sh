#!/usr/bin/env bash
# The user study: builds it by its document's own commands, runs its tests, walks through a study from videos to report, and tests the
# server from outside. WHYFAKE_TEST_DATA names the folder with the videos; without it the tests alone are run.
set -euo pipefail
cd "$(dirname "$0")/.."
document=Documentation/UserStudy.md
package=Examples/UserStudy

log=$(mktemp)
work=$(mktemp -d)
trap 'rm -rf "$log" "$work"' EXIT
Scripts/readme.sh 1 "$document" 2>&1 | tee "$log"
# In debug: the tests want @testable, which a release build would compile everything anew for.
swift test --package-path "$package" 2>&1 | tee -a "$log"
# Other packages' warnings are theirs.
if grep -E "$package/(Sources|Tests)/.*warning:|warning: 'userstudy'" "$log"; then
  echo "survey: there are warnings" >&2
  exit 1
fi

if [ -z "${WHYFAKE_TEST_DATA:-}" ]; then
  echo "survey: SKIPPED: the walk-through and the tests from outside need WHYFAKE_TEST_DATA"
  exit 0
fi
export VIDEOS=$WHYFAKE_TEST_DATA/videos STUDY=$work/study
Scripts/readme.sh 2 "$document"
for file in report.html analysis.json tables/votes.csv figures/votes.svg; do
  [ -s "$STUDY.analysis/$file" ] || { echo "survey: the walk-through made no $file" >&2; exit 1; }
done
grep -q '3 people are in the figures, 3 of them to the end' "$STUDY.analysis/report.html" || {
  echo "survey: the three respondents are not in the report" >&2
  exit 1
}
binary=$package/.build/release/whyfake-survey
python3 "$package/Scripts/load.py" "$binary" "$STUDY" --respondents 200 --kill
python3 "$package/Scripts/hostile.py" "$binary" "$STUDY" --requests 10000
echo "survey: done"
