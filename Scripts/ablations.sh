#!/usr/bin/env bash
# The short runs that chose the recipe, one thing changed in each (Documentation/TrainingDetectors.md has the table):
#   Scripts/ablations.sh FACES START FOLDER [NAME…]
# FACES is a face set, START the weights to start from. Runs that are done are not done again; a broken one goes on. At the end
# all are judged on the select half, with the paired difference to `base` and its interval.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
faces=$1 start=$2 folder=$3
shift 3
whyfake=${WHYFAKE:-$root/.build/release/whyfake}
mkdir -p "$folder/recipes"

# Plain B0 at 128 pixels, one epoch: five minutes on two cores.
stages='[{"size": 128, "epochs": 1, "rate": 1e-3, "warmup": 200, "schedule": "cosine", "scope": "all", "statistics": "batch"}]'
recipe() { printf '%s\n' "$2" >"$folder/recipes/$1.json"; }
recipe base "{\"stages\": $stages}"
recipe augmentation-light "{\"stages\": $stages, \"augmentation\": \"light\"}"
recipe augmentation-none "{\"stages\": $stages, \"augmentation\": \"none\"}"
recipe pairing-none "{\"stages\": $stages, \"pairing\": 0}"
recipe pairing-always "{\"stages\": $stages, \"pairing\": 1}"
recipe geometry-own "{\"stages\": $stages, \"sharedGeometry\": 0}"
recipe self-blended "{\"stages\": $stages, \"selfBlended\": 0.2}"
recipe average-none "{\"stages\": $stages, \"averaging\": 0}"
recipe head-first "{\"stages\": [{\"size\": 128, \"epochs\": 0.1, \"rate\": 1e-3, \"warmup\": 20, \"schedule\": \"constant\", \"scope\": \"head\", \"statistics\": \"frozen\"}, ${stages#[}}"
# The same time spent otherwise: an image of 224 pixels costs three of 128.
recipe size-224-only "{\"stages\": ${stages//\"size\": 128, \"epochs\": 1/\"size\": 224, \"epochs\": 0.33}}"
recipe autoatt "{\"stages\": $stages, \"architecture\": \"EfficientNetAutoAttB0\"}"
recipe autoatt-taught "{\"stages\": $stages, \"architecture\": \"EfficientNetAutoAttB0\", \"attentionWeight\": 0.1}"
recipe ltpa "{\"stages\": $stages, \"architecture\": \"EfficientNetLTPAB0\"}"
recipe ltpa-taught "{\"stages\": $stages, \"architecture\": \"EfficientNetLTPAB0\", \"attentionWeight\": 0.1}"

names=("$@")
if [ ${#names[@]} = 0 ]; then
  names=(base augmentation-light augmentation-none pairing-none pairing-always geometry-own self-blended average-none
    head-first size-224-only autoatt autoatt-taught ltpa ltpa-taught)
fi
models=()
for name in "${names[@]}"; do
  "$whyfake" train "$faces" --output "$folder/$name" --start "$start" --recipe "$folder/recipes/$name.json" \
    --name "$name"
  models+=(--model "$folder/$name/model.safetensors")
done
"$whyfake" compare-models "$faces" --half select "${models[@]}"
