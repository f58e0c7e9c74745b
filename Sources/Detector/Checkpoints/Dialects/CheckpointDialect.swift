import Tensor
import VideoIO

/// A project's checkpoints: its names for the tensors of a network, and what its code does with them.
///
/// Recognised by the tensors' names alone. To add a project: a struct that conforms (or a row of a table of one that
/// is there), named in ``all``.
protocol CheckpointDialect: Sendable {
  /// The project, as inspection shows it.
  var project: String { get }
  /// The dialect for a file with tensors of these names and shapes; nil if the names are not its.
  func reading(_ shapes: [String: [Int]]) -> (any CheckpointDialect)?
  /// The network that has tensors of these shapes.
  func architecture(_ shapes: [String: [Int]]) throws(DetectorError) -> Architecture
  /// Where our parameter comes from.
  func source(of parameter: String, in architecture: Architecture) -> ParameterSource
  /// A tensor of the file as our parameter of `shape`; nil if its shape is not the one that is due.
  func converted(_ tensor: Tensor, to parameter: String, _ shape: [Int]) -> Tensor?
  /// Whether the project's files have this tensor and its code does not use it.
  func isLeftover(_ name: String) -> Bool
  /// What the project's code does with the network.
  func habits(for architecture: Architecture) -> Habits
}

/// Where a parameter comes from.
enum ParameterSource {
  /// From the file's tensor of that name.
  case tensor(String)
  /// The project has none: zeros.
  case zeros
}

/// What a project's code does with its network: what a file of ours would say.
struct Habits {
  var padding = Network.Padding(.symmetric)
  var epsilon: Float
  var inputSize: Int
  var normalization = Normalization.imageNet
  var cropPolicy = CropPolicy.scale
  var oneOutput = ClassConvention.fakeLogit
}

extension CheckpointDialect {
  func isLeftover(_ name: String) -> Bool { false }

  /// The same tensor, or one that differs only by dimensions of size 1 (1×1 convolutions as matrices).
  func converted(_ tensor: Tensor, to parameter: String, _ shape: [Int]) -> Tensor? {
    tensor.reshapedIfAlike(shape)
  }
}

extension Tensor {
  /// In `shape`, if that differs from the tensor's own only by dimensions of size 1.
  func reshapedIfAlike(_ shape: [Int]) -> Tensor? {
    if self.shape == shape { return self }
    return self.shape.filter { $0 != 1 } == shape.filter { $0 != 1 } ? reshaped(shape) : nil
  }
}

/// The dialects that are known, the most telling first.
let checkpointDialects: [any CheckpointDialect] =
  EfficientNetDialect.all + MesoNetDialect.all + [KerasMesoNetDialect()]

// Projects that align faces by landmarks get the upright square around BlazeFace's box that fits theirs best on average
// (`Scripts/fit-aligned-crops.py`); nothing turns the face.
extension CropPolicy {
  /// About what DeepfakeBench cuts out: eyes, nose and mouth where ArcFace's template has them, with a margin of 1.3.
  static let deepfakeBench = CropPolicy.square(scale: 1.72, shiftX: 0, shiftY: -0.22)
  /// About what MesoNet's authors cut out: a square of 2.86 × the larger of the distances between the eyes and from eyes
  /// to mouth, around the nose.
  static let mesoNet = CropPolicy.square(scale: 1.3, shiftX: 0, shiftY: -0.09)
}
