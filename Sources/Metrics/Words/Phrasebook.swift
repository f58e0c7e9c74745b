public import Explainers

/// The words of one language: templates with places in braces, and names of the parts of a face.
///
/// A translation is another value of this type. Sentences are put together from nothing else, so equal findings give equal
/// sentences.
public struct Phrasebook: Sendable, Equatable {
  /// What can be said.
  public enum Phrase: String, Sendable, CaseIterable {
    /// The detector's opinion by its probability; `{probability}`.
    case surelyFake, probablyFake, maybeFake, unclear, maybeReal, probablyReal, surelyReal
    /// `{method}`, `{class}`.
    case empty
    /// `{method}`, `{evidence}`, `{region}`, `{share}`, `{area}`.
    case diffuse
    /// `{method}`, `{when}`, `{region}`, `{share}`, `{evidence}`, `{without}`, `{before}`, `{after}`.
    case confirmed
    /// `{method}`, `{when}`, `{region}`, `{share}`, `{evidence}`, `{without}`, `{before}`, `{after}`: the probability goes the
    /// other way, or does not go far.
    case opposite, little
    /// The same, and `{control}`: with other parts changed it goes as far.
    case elsewhere
    /// `{method}`: of a clip whose frames lack keypoints.
    case unnamed
    /// After any of these, where the map is not of the detector that the verdict is of.
    case otherDetector
    /// What a share is of; `{class}`, or nothing.
    case evidence, attention
    /// `{from}` and `{to}`; nothing; before the rest of a sentence.
    case between, throughout
    /// `{region}`: what was done to it.
    case blurred, averaged, greyed, original
    /// The classes.
    case fake, real
  }

  /// BCP 47, such as `en`.
  public var language: String
  /// What stands between a number's whole part and the rest.
  public var decimalSeparator: String
  /// A template for each phrase.
  public var phrases: [Phrase: String]
  /// Each part, with its article.
  public var regions: [FaceRegion: String]
  /// Brows, eyes and cheeks on both sides, by the right one.
  public var pairs: [FaceRegion: String]

  /// Words.
  public init(
    language: String, decimalSeparator: String = ".", phrases: [Phrase: String],
    regions: [FaceRegion: String],
    pairs: [FaceRegion: String]
  ) {
    (self.language, self.decimalSeparator) = (language, decimalSeparator)
    (self.phrases, self.regions, self.pairs) = (phrases, regions, pairs)
  }

  /// English.
  public static let english = Phrasebook(
    language: "en",
    phrases: [
      .surelyFake: "The detector is very sure that this face is fake (probability of fake {probability}).",
      .probablyFake: "The detector takes this face for fake (probability of fake {probability}).",
      .maybeFake: "The detector leans towards fake, and is not sure (probability of fake {probability}).",
      .unclear: "The detector cannot tell whether this face is fake (probability of fake {probability}).",
      .maybeReal: "The detector leans towards real, and is not sure (probability of fake {probability}).",
      .probablyReal: "The detector takes this face for real (probability of fake {probability}).",
      .surelyReal: "The detector is very sure that this face is real (probability of fake {probability}).",
      .empty: "{method}: nothing speaks for “{class}”.",
      .diffuse:
        "{method}: the {evidence} is spread over the picture. It favours {region} most: {share} of it on {area} of the "
        + "picture.",
      .confirmed:
        "{when}the detector relied on {region} ({method}: {share} of the {evidence}); {without}, the probability of fake goes from "
        + "{before} to {after}.",
      .opposite:
        "{when}{method} points at {region} ({share} of the {evidence}). This is not confirmed: {without}, the probability of "
        + "fake goes from {before} to {after}, which is the wrong way.",
      .little:
        "{when}{method} points at {region} ({share} of the {evidence}). This is not confirmed: {without}, the probability of "
        + "fake goes from {before} to {after}, which is little.",
      .elsewhere:
        "{when}{method} points at {region} ({share} of the {evidence}). This is not confirmed: {without}, the probability of "
        + "fake goes from {before} to {after}, but with as much elsewhere changed alike it goes to {control}.",
      .unnamed: "{method}: parts of the face cannot be named, as there are no keypoints.",
      .otherDetector: " This map is of another detector than the verdict.",
      .evidence: "evidence for “{class}”",
      .attention: "attention",
      .between: "Between {from} and {to} ",
      .throughout: "",
      .blurred: "with {region} blurred",
      .averaged: "with {region} in the face's mean colour",
      .greyed: "with {region} in grey",
      .original: "with {region} of the original video in place",
      .fake: "fake",
      .real: "real",
    ],
    regions: [
      .rightBrow: "the right eyebrow", .leftBrow: "the left eyebrow", .rightEye: "the right eye",
      .leftEye: "the left eye", .nose: "the nose", .mouth: "the mouth", .rightCheek: "the right cheek",
      .leftCheek: "the left cheek", .forehead: "the forehead", .jaw: "the jaw",
      .outline: "the outline of the face", .outside: "what is around the face",
    ],
    pairs: [.rightBrow: "the eyebrows", .rightEye: "the eyes", .rightCheek: "the cheeks"])

  /// The template of `phrase` with its places filled; a place that is not given stays as it is.
  func fill(_ phrase: Phrase, _ values: [String: String] = [:]) -> String {
    var text = phrases[phrase] ?? ""
    for (place, value) in values.sorted(by: { $0.key < $1.key }) {
      text = text.split(separator: "{\(place)}", omittingEmptySubsequences: false).joined(separator: value)
    }
    return text
  }

  /// A number with two places, such as `0.97`.
  public func number(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100)\(decimalSeparator)\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }

  /// Parts as they are called.
  func name(_ regions: [FaceRegion]) -> String {
    regions.count == 1 ? self.regions[regions[0]] ?? "" : pairs[regions[0]] ?? ""
  }
}
