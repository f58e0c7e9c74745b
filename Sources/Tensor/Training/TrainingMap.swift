import CWhyFakeTensor

/// A map that stands between two blocks of a training step.
struct TrainingMap {
  let channels: Int
  let height: Int
  let width: Int
  let pitch: Int
  /// The layer whose normalised output it is, where that is part of the step.
  let layer: TrainingLayer?
  /// Where it lies as it is read; nil for the stem's, which is normalised where it is read.
  let pointer: UnsafeMutablePointer<Float>?

  /// What `layer` gives, stored at `pointer`.
  init(_ layer: TrainingLayer, at pointer: UnsafeMutablePointer<Float>?) {
    channels = layer.convolution.output
    (height, width, pitch) = (layer.height, layer.width, layer.pitch)
    (self.layer, self.pointer) = (layer, pointer)
  }

  /// A map `[N, C, H, W]` from outside.
  init(shape: [Int], at pointer: UnsafeMutablePointer<Float>?) {
    (channels, height, width) = (shape[1], shape[2], shape[3])
    pitch = PackedFilter.pitch(channels)
    layer = nil
    self.pointer = pointer
  }

  func shape(images: Int) -> [Int] { [images, channels, height, width] }

  /// A step that brings maps of this size to or from the form that tensors have.
  func step(_ kind: wf_step_kind, images: Int) -> wf_step {
    var step = wf_step()
    step.kind = kind
    step.tasks = images * pitch / Int(WF_PANEL)
    (step.inputs, step.inputHeight, step.inputWidth, step.inputPitch) = (channels, height, width, pitch)
    return step
  }
}
