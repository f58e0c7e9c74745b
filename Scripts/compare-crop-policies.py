"""Video scores of a model under several crop policies.

    python Scripts/compare-crop-policies.py WHYFAKE MODEL.safetensors VIDEOS POLICY... [--frames 16]

WHYFAKE is the built tool; a POLICY is what `whyfake models convert --crop` takes, such as scale or square:1.04,0,-0.06.
VIDEOS is laid out like FaceForensics++ (what lies under original_sequences is real) or DFDC (metadata.json beside the videos).
Prints a Markdown table of logits, and for each policy and dataset how many are right at
logit 0 and the ROC AUC. Needs nothing else.
"""
import argparse, json, pathlib, subprocess, tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("tool")
parser.add_argument("model")
parser.add_argument("videos")
parser.add_argument("policies", nargs="+")
parser.add_argument("--frames", type=int, default=16)
arguments = parser.parse_args()


def is_fake(path):
    metadata = path.parent / "metadata.json"
    if metadata.exists():
        return json.loads(metadata.read_text())[path.name]["label"] == "FAKE"
    return "original_sequences" not in path.parts


def dataset_of(path):
    return "DFDC" if (path.parent / "metadata.json").exists() else "FaceForensics++"


def logits(policy):
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/model.safetensors"
        subprocess.run([arguments.tool, "models", "convert", arguments.model, model, "--crop", policy], check=True,
                       stdout=subprocess.DEVNULL)
        lines = subprocess.run([arguments.tool, "detect", "--format", "json", "--frames", str(arguments.frames),
                                "--model", model, arguments.videos], capture_output=True, text=True).stdout.splitlines()
    results = (json.loads(line) for line in lines)
    return {pathlib.Path(result["input"]): result["logit"] for result in results if result.get("logit") is not None}


scores = [logits(policy) for policy in arguments.policies]
print("| video | | " + " | ".join(arguments.policies) + " |\n|" + " --- |" * (2 + len(scores)))
for path in scores[0]:
    name = f"{path.parent.parent.parent.name}/{path.stem}"
    print(f"| {name} | {'fake' if is_fake(path) else 'real'} | " +
          " | ".join(f"{score[path]:+.2f}" if path in score else "" for score in scores) + " |")
for policy, score in zip(arguments.policies, scores):
    for dataset in sorted({dataset_of(path) for path in score}):
        own = {path: z for path, z in score.items() if dataset_of(path) == dataset}
        fakes = [z for path, z in own.items() if is_fake(path)]
        reals = [z for path, z in own.items() if not is_fake(path)]
        auc = sum((f > r) + (f == r) / 2 for f in fakes for r in reals) / max(1, len(fakes) * len(reals))
        print(f"{policy}, {dataset}: fakes right {sum(z > 0 for z in fakes)} of {len(fakes)}, real ones "
              f"{sum(z <= 0 for z in reals)} of {len(reals)}, ROC AUC {auc:.3f}")
