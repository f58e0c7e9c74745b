import ExplanationMetrics
import Explainers
import FaceCrop
import Tensor
import VideoIO
import WhyFake

/// A judged face with what the explainers say of it, as it was written and is shown.
struct Exhibit {
  let track: Analysis.Track
  /// One for each explainer.
  let explanations: [Item]
  /// Spearman's ρ of each map with each other, in the order of ``explanations``; nil where one is constant, where they are of
  /// different sizes, or where nobody asked.
  let agreements: [[Double?]]
  /// The video with all explainers side by side, within the output folder.
  let overlay: String

  /// Names of all its files within the output folder.
  var files: [String] {
    explanations.flatMap {
      [$0.relevanceFile] + [$0.signedFile, $0.segmentsFile].compactMap(\.self) + [$0.overlay]
    } + [overlay]
  }

  /// The other maps with what each has in common with map `i`.
  func agreements(of i: Int) -> [(item: Item, rankCorrelation: Double)] {
    explanations.indices.compactMap { j in
      guard i != j, let value = agreements[i][j] else { return nil }
      return (explanations[j], value)
    }
  }

  /// The class that was explained.
  var target: Target { explanations.first?.map.target ?? Target(predictedBy: track.opinion.logit) }

  /// What one explainer says.
  struct Item {
    let map: ExplanationMap
    /// The crops that it explains.
    let clip: Clip
    let relevance: RelevanceMap
    let metrics: MapMetrics
    /// Names within the output folder.
    let relevanceFile: String
    /// Nil for attention, which has no sign.
    let signedFile: String?
    /// The segments that the values are of; nil for methods without segments.
    let segmentsFile: String?
    let overlay: String
    /// What the method is.
    let method: Method
    /// What the detector says about the map.
    let examination: Examination?

    /// The method's name as people write it.
    var title: String { method.title }
    /// The heading of its panel.
    var heading: String {
      map.kind == .attention ? title : "\(title): why \(map.target.rawValue)"
    }
    /// What is written over its panel; nil for nothing.
    var note: String? {
      relevance.isEmpty ? "nothing speaks for \(map.target.rawValue)" : nil
    }

    /// The relevance of frame `t`, a value for each pixel of its crop.
    func plane(_ t: Int) -> [Float] {
      let area = clip.size * clip.size
      return relevance.values.withUnsafeBufferPointer { Array($0[t * area..<(t + 1) * area]) }
    }

    /// The crop of frame `t` under its map.
    func picture(_ t: Int, side: Int, overlay: MapOverlay) -> RGBImage {
      overlay.relevance(plane(t), over: clip.crops[t]).resized(width: side, height: side)
    }
  }
}
