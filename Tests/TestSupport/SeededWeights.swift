public import Tensor

// Numbers that Swift and the scripts of Tests/Golden make alike, to the last bit.

/// FNV-1a of the UTF-8 bytes of `name`, 64 bits: the seed of what is called so.
public func seed(of name: String) -> UInt64 {
  name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}

/// `count` positions below `size`, chosen by `name`: where goldens hold samples.
public func samplePositions(_ name: String, size: Int, count: Int) -> [Int] {
  var generator = SplitMix(seed: seed(of: name))
  return (0..<count).map { _ in Int(generator.next() % UInt64(size)) }
}

extension Tensor {
  /// Uniform values in [−1, 1), chosen by `name`.
  public static func seeded(_ name: String, _ shape: [Int]) -> Tensor {
    random(shape, seed: seed(of: name))
  }

  /// The seeded network's parameter `name`: filters and matrices uniform with the variance 2 / fan-in, biases within
  /// ±0.2, BatchNorm's scales within 1 ± 0.2. Running statistics come from the golden.
  public static func seededParameter(_ name: String, _ shape: [Int]) -> Tensor {
    var values = seeded(name, shape)
    let fanIn = shape.dropFirst().reduce(1, *)
    let (scale, shift): (Float, Float) =
      if shape.count >= 2 {
        (Float((6 / Double(fanIn)).squareRoot()), 0)
      } else if name.hasSuffix(".bias") {
        (0.2, 0)
      } else {
        (0.2, 1)
      }
    values.withUnsafeMutableBufferPointer { values in
      for i in values.indices { values[i] = shift + values[i] * scale }
    }
    return values
  }

  /// The elements at `positions` in row-major order.
  public func samples(at positions: [Int]) -> [Float] {
    withUnsafeBufferPointer { elements in positions.map { elements[$0] } }
  }

  /// What goldens hold of one picture's activations of `block`: the largest and the mean magnitude, and 64 samples.
  public func summary(of block: String) -> [Float] {
    let mean = elements.reduce(0) { $0 + Double(abs($1)) } / Double(count)
    return [largestMagnitude, Float(mean)] + samples(at: samplePositions(block, size: count, count: 64))
  }
}
