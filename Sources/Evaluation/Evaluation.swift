/// Judging detectors: from logits and labels to figures.
public enum Evaluation {}
