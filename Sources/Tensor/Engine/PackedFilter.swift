import CWhyFakeTensor

/// A filter and its bias as the engine's kernels read them: outputs in panels of 16 that are computed side by side.
package struct PackedFilter: Sendable {
  /// What reads it.
  package enum Kind: Sendable {
    /// 1×1 convolution, or linear layer.
    case pointwise
    /// k×k convolution of all channels.
    case dense
    /// One k×k filter for each channel.
    case depthwise
  }

  package let kind: Kind
  package let input: Int
  package let output: Int
  package let kernel: Int
  private let memory: FilterMemory.Piece
  /// Floats of the weights; the biases follow them.
  let weightCount: Int

  /// Packs a filter `[output, input / groups, k, k]` or `[output, input]`, with one bias for each output.
  ///
  /// - Parameters:
  ///   - filter: the filter; square.
  ///   - bias: `[output]`; zeros if nil.
  ///   - isDepthwise: whether each output has one input of its own.
  ///   - memory: where it is kept.
  package init(_ filter: Tensor, bias: Tensor?, isDepthwise: Bool = false, in memory: FilterMemory) {
    let shape = filter.shape
    precondition(
      shape.count == 2 || shape.count == 4 && shape[2] == shape[3] && (!isDepthwise || shape[1] == 1),
      "PackedFilter: \(shape)")
    let (outputs, kernel) = (shape[0], shape.count == 4 ? shape[2] : 1)
    let biasShape = bias?.shape ?? [outputs]
    precondition(biasShape == [outputs], "PackedFilter: bias \(biasShape) for \(shape)")
    let inputs = shape[1]
    self.kernel = kernel
    output = outputs
    input = isDepthwise ? outputs : inputs
    kind = isDepthwise ? .depthwise : kernel == 1 ? .pointwise : .dense
    let (pitch, area) = (Self.pitch(outputs), kernel * kernel)
    let panel = Int(WF_PANEL)
    weightCount = pitch * area * inputs
    self.memory = memory.piece(weightCount + pitch)
    let out = self.memory.pointer
    out.update(repeating: 0, count: weightCount + pitch)
    filter.withUnsafeBufferPointer { source in
      for o in 0..<outputs {
        let base = o / panel * area * inputs * panel + o % panel
        // Row of the filter, column, channel: the order in which a patch of an interleaved picture lies.
        for c in 0..<inputs {
          for at in 0..<area { out[base + (at * inputs + c) * panel] = source[(o * inputs + c) * area + at] }
        }
      }
    }
    bias?.withUnsafeBufferPointer { (out + weightCount).update(from: $0.baseAddress!, count: outputs) }
  }

  /// `channels` rounded up to whole panels.
  static func pitch(_ channels: Int) -> Int {
    (channels + Int(WF_PANEL) - 1) / Int(WF_PANEL) * Int(WF_PANEL)
  }

  /// Valid as long as the filter is.
  var weightsPointer: UnsafePointer<Float> { UnsafePointer(memory.pointer) }
  var biasPointer: UnsafePointer<Float> { UnsafePointer(memory.pointer + weightCount) }
}

/// Memory for a network's filters, in a few large blocks: see `memory.c` for why. Not to be shared between threads.
package final class FilterMemory {
  /// Some floats of a block, aligned to 64 bytes.
  struct Piece: Sendable {
    private let block: Storage
    private let offset: Int

    init(_ block: Storage, _ offset: Int) { (self.block, self.offset) = (block, offset) }

    var pointer: UnsafeMutablePointer<Float> { block.pointer + offset }
  }

  private static let blockFloats = 4 << 20
  private var block: Storage?
  private var used = 0

  package init() {}

  func piece(_ count: Int) -> Piece {
    let rounded = (count + 15) / 16 * 16
    if let block, used + rounded <= block.count {
      defer { used += rounded }
      return Piece(block, used)
    }
    let block = Storage(count: max(Self.blockFloats, rounded))
    (self.block, used) = (block, rounded)
    return Piece(block, 0)
  }
}
