import CWhyFakeTensor

/// Squeeze-and-excitation of a training step, where it lies in memory.
final class TrainingGate {
  let reduce: String
  let squeeze: String
  let squeezed: Int
  let pitch: Int
  let pointer = UnsafeMutablePointer<wf_gate>.allocate(capacity: 1)
  private let parameters: [Tensor]  // kept alive

  init(_ block: TrainingGraph.Bottleneck, pitch: Int, parameters: [String: Tensor]) {
    (reduce, squeeze) = (block.reduce, block.squeeze)
    self.pitch = pitch
    let channels = block.depthwise.output
    let tensors = [reduce, squeeze].flatMap { [parameters["\($0).weight"]!, parameters["\($0).bias"]!] }
    squeezed = tensors[1].count
    precondition(
      tensors[0].shape == [squeezed, channels] && tensors[2].shape == [channels, squeezed],
      "\(reduce): \(tensors.map(\.shape))")
    self.parameters = tensors
  }

  deinit { pointer.deallocate() }

  func place(_ space: inout TrainingSpace, images: Int) {
    let squeezedPitch = PackedFilter.pitch(squeezed)
    let wide = (0..<4).map { _ in space.take(images * pitch) }
    let narrow = (0..<3).map { _ in space.take(images * squeezedPitch) }
    let sums = space.take(images * 5 * pitch)
    guard let sums else { return }
    pointer.initialize(
      to: wf_gate(
        squeezed: squeezed, squeezedPitch: squeezedPitch, reduceWeights: parameters[0].storage.pointer,
        reduceBias: parameters[1].storage.pointer, expandWeights: parameters[2].storage.pointer,
        expandBias: parameters[3].storage.pointer, pooled: wide[0]!, gates: wide[1]!, before: narrow[0]!,
        after: narrow[1]!, sums: sums, pooledGradient: wide[2]!, gateGradient: wide[3]!,
        beforeGradient: narrow[2]!,
        reduceWeightsGradient: nil, reduceBiasGradient: nil, expandWeightsGradient: nil,
        expandBiasGradient: nil))
  }
}
