/// What a checkpoint's last layer means. A ``Network`` always has one logit, above 0 for fake; this is how it is made.
public enum ClassConvention: String, Sendable, Codable, CaseIterable {
  /// One output, above 0 for fake: as it is.
  case fakeLogit = "fake-logit"
  /// One output, above 0 for real (MesoNet's authors): turned around.
  case realLogit = "real-logit"
  /// Two outputs, the second for fake (SBI, DeepfakeBench): their difference.
  case fakeSecond = "fake-second"
  /// Two outputs, the first for fake: their difference.
  case fakeFirst = "fake-first"

  /// Outputs of the last layer.
  var outputs: Int { self == .fakeLogit || self == .realLogit ? 1 : 2 }

  /// The convention in words.
  public var words: String {
    switch self {
    case .fakeLogit: "one logit, above 0: fake"
    case .realLogit: "one logit, above 0: real; turned around"
    case .fakeSecond: "two classes, real and fake; read as z(fake) − z(real)"
    case .fakeFirst: "two classes, fake and real; read as z(fake) − z(real)"
    }
  }
}
