public import Explainers

/// Findings as sentences.
public struct Sentences: Sendable {
  /// The language.
  public var phrasebook: Phrasebook

  /// Sentences in English unless told otherwise.
  public init(_ phrasebook: Phrasebook = .english) { self.phrasebook = phrasebook }

  /// The detector's opinion: how sure it is follows its probability, which is calibrated for the detectors that ship.
  public func opinion(probability: Double) -> String {
    let phrase: Phrasebook.Phrase =
      switch probability {
      case 0.95...: .surelyFake
      case 0.8..<0.95: .probablyFake
      case 0.6..<0.8: .maybeFake
      case 0.4..<0.6: .unclear
      case 0.2..<0.4: .maybeReal
      case 0.05..<0.2: .probablyReal
      default: .surelyReal
      }
    return phrasebook.fill(phrase, ["probability": phrasebook.number(probability)])
  }

  /// What `finding` says of a map of `kind` that `method` made for `target`; nil says that parts cannot be named.
  ///
  /// - Parameter isOfAnother: whether the map is of another detector than the verdict.
  public func sentence(
    _ finding: Finding?, method: String, kind: ExplanationMap.Kind, target: Target, isOfAnother: Bool = false
  ) -> String {
    sentence(finding, method, kind, target) + (isOfAnother ? phrasebook.fill(.otherDetector) : "")
  }

  private func sentence(
    _ finding: Finding?, _ method: String, _ kind: ExplanationMap.Kind, _ target: Target
  ) -> String {
    let className = phrasebook.fill(target == .fake ? .fake : .real)
    let evidence =
      kind == .attention ? phrasebook.fill(.attention) : phrasebook.fill(.evidence, ["class": className])
    var values = ["method": method, "class": className, "evidence": evidence]
    func describe(_ place: Finding.Place) {
      values["region"] = phrasebook.name(place.regions)
      values["share"] = Self.percent(place.share)
      values["area"] = Self.percent(place.areaShare)
      if !place.isWholeClip, let times = place.times {
        values["when"] = phrasebook.fill(
          .between, ["from": Self.clock(times.lowerBound), "to": Self.clock(times.upperBound)])
      } else {
        values["when"] = phrasebook.fill(.throughout)
      }
    }
    switch finding {
    case nil: return phrasebook.fill(.unnamed, values)
    case .empty: return phrasebook.fill(.empty, values)
    case .diffuse(let place):
      describe(place)
      return phrasebook.fill(.diffuse, values)
    case .concentrated(let place, let check):
      describe(place)
      values["without"] = phrasebook.fill(
        check.replacement.phrase, ["region": phrasebook.name(place.regions)])
      values["before"] = phrasebook.number(logistic(check.logit))
      values["after"] = phrasebook.number(logistic(check.logitWithout))
      values["control"] = phrasebook.number(logistic(check.strongestControl))
      return Self.capitalised(phrasebook.fill(check.outcome.phrase, values))
    }
  }

  private static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

  static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

  /// `0:03`, `1:02:03`.
  static func clock(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}

extension Finding.Check.Outcome {
  fileprivate var phrase: Phrasebook.Phrase {
    switch self {
    case .confirmed: .confirmed
    case .opposite: .opposite
    case .little: .little
    case .elsewhere: .elsewhere
    }
  }
}

extension Replacement {
  fileprivate var phrase: Phrasebook.Phrase {
    switch self {
    case .blur: .blurred
    case .mean: .averaged
    case .grey: .greyed
    case .paired: .original
    }
  }
}
