import ExplanationMetrics
import Explainers
import FaceCrop
import WhyFake

/// What an explanation says in words, with the check behind it.
struct Statement {
  /// Nil where parts of the face cannot be named.
  let finding: Finding?
  let sentence: String

  /// What `finding` says of `map`.
  ///
  /// - Parameters:
  ///   - method: what the explainer is called.
  ///   - isOfAnother: whether another detector is explained than the one that the verdict is of.
  init(_ finding: Finding?, of map: ExplanationMap, method: String, isOfAnother: Bool) {
    self.finding = finding
    sentence = Sentences().sentence(
      finding, method: method, kind: map.kind, target: map.target, isOfAnother: isOfAnother)
  }

  /// What `explanation.json` says of it.
  func json(_ clip: Clip) -> JSONValue {
    var (kind, place, check): (String, Finding.Place?, Finding.Check?) = ("unnamed", nil, nil)
    switch finding {
    case nil: break
    case .empty: kind = "empty"
    case .diffuse(let found): (kind, place) = ("diffuse", found)
    case .concentrated(let found, let measured): (kind, place, check) = ("concentrated", found, measured)
    }
    return [
      "sentence": .string(sentence),
      "kind": .string(kind),
      "regions": .array((place?.regions ?? []).map { .string($0.name) }),
      "frames": place.map { place in
        .array(place.frames.map { .integer(clip.frames[$0].index) })
      } ?? nil,
      "share": .rounded(place?.share, 6),
      "areaShare": .rounded(place?.areaShare, 6),
      "check": check.map { check in
        [
          "replacement": .string(check.replacement.name),
          "logit": .rounded(check.logit, 6),
          "logitWithout": .rounded(check.logitWithout, 6),
          "controls": .array(check.controls.map { .rounded($0, 6) }),
          "outcome": .string(check.outcome.rawValue),
          "confirmed": .bool(check.isConfirmed),
        ]
      } ?? nil,
    ]
  }
}

extension Replacement {
  /// What records call it.
  fileprivate var name: String {
    switch self {
    case .mean: "mean"
    case .grey: "grey"
    case .blur: "blur"
    case .paired: "paired"
    }
  }
}
