/// Making detectors.
public enum Training {}
