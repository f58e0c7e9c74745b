public import Explainers
import Tensor

/// The five numbers of the study (S. Pino, *What's wrong with this video?*, 2021) that describe a relevance map by
/// itself, without asking the detector again: ``Intensity``, ``Variance``, ``InterFrameConsistency``,
/// ``IntraFrameConsistency`` and ``Centredness`` in one pass.
///
/// Each is a mean over the frames where it is defined; ``framesUsed`` says over how many. They describe how a map
/// looks; none says that it is right.
public struct MapMetrics: Sendable, Equatable, Codable {
  /// T.
  public var frames: Int
  /// I: mean relevance, in [0, 1].
  public var intensity: Double
  /// V: population variance of a frame's relevance, in [0, 0.25].
  public var variance: Double
  /// τ: Pearson correlation of neighbouring frames, in [−1, 1]; nil where every pair has a constant frame.
  public var interFrameConsistency: Double?
  /// ρ: autocorrelation of a frame under shifts by a tenth of its side, in [−1, 1]; nil where all frames are constant.
  public var intraFrameConsistency: Double?
  /// μ: share of the relevance inside the central square of half the area, in [0, 1]; nil where all frames are zero.
  public var centredness: Double?
  /// The number of frames, or of pairs for τ, that each mean was taken over.
  public var framesUsed: FramesUsed

  /// How many terms each mean has.
  public struct FramesUsed: Sendable, Equatable, Codable {
    /// Frames.
    public var intensity: Int
    /// Frames.
    public var variance: Int
    /// Pairs of neighbouring frames.
    public var interFrameConsistency: Int
    /// Frames.
    public var intraFrameConsistency: Int
    /// Frames.
    public var centredness: Int
  }

  /// Measures `map`. O(T · S²).
  public init(_ map: RelevanceMap) {
    let planes = MapPlane.all(map)
    let (intensity, variance) = (Intensity.measure(planes), Variance.measure(planes))
    let (inter, intra) = (InterFrameConsistency.measure(planes), IntraFrameConsistency.measure(planes))
    let centred = Centredness.measure(planes)
    frames = planes.count
    self.intensity = intensity.value ?? 0
    self.variance = variance.value ?? 0
    interFrameConsistency = inter.value
    intraFrameConsistency = intra.value
    centredness = centred.value
    framesUsed = FramesUsed(
      intensity: intensity.terms, variance: variance.terms, interFrameConsistency: inter.terms,
      intraFrameConsistency: intra.terms, centredness: centred.terms)
  }
}
