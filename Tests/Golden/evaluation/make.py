"""Makes metrics.json: figures of small labelled samples by scikit-learn and SciPy.

    python Tests/Golden/evaluation/make.py

Made with scikit-learn 1.9.1, SciPy 1.17.1, NumPy 2.4.6.
"""

import json
import pathlib

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit
from sklearn import metrics


def calibration_error(probability, label, bins):
    places = np.minimum((probability * bins).astype(int), bins - 1)
    return sum(abs(label[places == b].sum() - probability[places == b].sum()) for b in range(bins)) / len(label)


def log_loss(logit, label):
    return np.mean(np.logaddexp(0, np.where(label == 1, -logit, logit)))


def case(name, logit, label, threshold=0.0, bins=15):
    probability = expit(logit)
    called = (logit > threshold).astype(int)
    false_alarms, found, thresholds = metrics.roc_curve(label, logit)
    precision, recall, _ = metrics.precision_recall_curve(label, logit)
    platt = minimize(
        lambda p: log_loss(p[0] * logit + p[1], label), [1, 0], method="Nelder-Mead",
        options=dict(xatol=1e-10, fatol=1e-15, maxiter=20000))
    temperature = minimize_scalar(
        lambda t: log_loss(logit / np.exp(t), label), bounds=(-5, 5), method="bounded", options=dict(xatol=1e-12))
    return {
        "name": name, "threshold": threshold, "bins": bins,
        "logit": logit.tolist(), "label": label.tolist(),
        "balancedAccuracy": metrics.balanced_accuracy_score(label, called),
        "areaUnderROC": metrics.roc_auc_score(label, logit),
        "averagePrecision": metrics.average_precision_score(label, logit),
        "logLoss": metrics.log_loss(label, probability),
        "brierScore": metrics.brier_score_loss(label, probability),
        "calibrationError": calibration_error(probability, label, bins),
        "truePositiveRate": metrics.recall_score(label, called),
        "trueNegativeRate": metrics.recall_score(label, called, pos_label=0),
        "roc": [false_alarms.tolist(), found.tolist(), thresholds[1:].tolist()],
        # From the highest threshold down, without the end that scikit-learn adds; it stops where all fakes are found.
        "precisionRecall": [precision[:-1][::-1].tolist(), recall[:-1][::-1].tolist()],
        "temperature": float(np.exp(temperature.x)), "logLossAfter": float(temperature.fun),
        "platt": platt.x.tolist(), "plattLogLoss": float(platt.fun),
    }


random = np.random.default_rng(7)
cases = []
label = (random.random(60) < 0.4).astype(int)
logit = np.round(random.normal(np.where(label == 1, 1.0, -1.0), 2.0), 4)
cases.append(case("no ties", logit, label))
label = (random.random(80) < 0.5).astype(int)
logit = np.round(random.normal(np.where(label == 1, 0.6, -0.6), 1.0) * 2) / 2
cases.append(case("ties everywhere", logit, label))
cases.append(case("another threshold, other bins", logit, label, threshold=0.5, bins=7))
label = np.array([1] * 5 + [0] * 35)
logit = np.round(random.normal(np.where(label == 1, 0.0, 0.0), 3.0))
cases.append(case("few fakes, no skill", logit + np.where(label == 1, 0.25, 0), label))
cases.append(case("too sure", np.concatenate([[6.0, 5.0, -4.0], np.full(7, -6.0), [5.5]]),
                  np.array([1, 1, 1] + [0] * 8)))

path = pathlib.Path(__file__).with_name("metrics.json")
path.write_text(json.dumps({"cases": cases}, indent=None, separators=(",", ":")) + "\n")
print(path, path.stat().st_size, "bytes")
