import Tensor

/// How much a place speaks for the whole: the compatibility score of Learn To Pay Attention.
public enum Compatibility: String, Sendable, Hashable, Codable, CaseIterable {
  /// c_i = ⟨l′_i, g⟩.
  case dotProduct
  /// c_i = ⟨u, l′_i + g⟩ with a learned u. See ``warning``.
  case parametrised

  /// What is wrong with the parametrised form.
  static let warning =
    "the parametrised compatibility ⟨u, l′ + g⟩ adds the same ⟨u, g⟩ to every place and softmax cancels it: the map "
    + "does not depend on the whole picture, and the network's head learns nothing from it"
}

/// Jetley et al. 2018, *Learn To Pay Attention*: local features of three levels, each projected to the size of the
/// pooled features g, are weighted by how well they fit g, and the three weighted sums are what is classified.
///
/// The levels are the last blocks of stride 8, 16 and 32 (chosen). With P the level's projection (1×1, no bias),
/// l′_i = P·l_i, a = softmax over positions of c, g_a = Σ a_i l′_i, and the g_a are concatenated, fine to coarse.
///
/// Since P is linear, ⟨P·l_i, g⟩ = ⟨l_i, Pᵀ·g⟩ and Σ a_i P·l_i = P·Σ a_i l_i: the projected features of every place,
/// a hundred times the work, are never made. The parametrised form's ⟨u, g⟩ cancels in the softmax and is left out.
///
/// Parameters: `attention.<k>.projection.weight` [features, channels], and `attention.<k>.compatibility.weight`
/// [features] where it is parametrised.
extension EfficientNet {
  /// Input pixels for a position of each level.
  static let ltpaStrides = [8, 16, 32]

  /// The bottlenecks whose outputs are the levels.
  var ltpaBottlenecks: [Int] { Self.ltpaStrides.map(lastBottleneck(ofStride:)) }

  func ltpaShapes(_ compatibility: Compatibility) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for (level, i) in ltpaBottlenecks.enumerated() {
      shapes["attention.\(level).projection.weight"] = [features, bottlenecks[i].output]
      if compatibility == .parametrised { shapes["attention.\(level).compatibility.weight"] = [features] }
    }
    return shapes
  }

  /// The concatenated g_a `[N, 3 · features]` from the pooled features `[N, features]`; the maps go to `flow`.
  func ltpa(
    _ pooled: Tensor, _ compatibility: Compatibility, _ flow: inout Flow, _ pass: some TensorPass
  ) -> Tensor {
    let levels = flow.taps.enumerated().map { level, local in
      let projection = pass.parameter("attention.\(level).projection.weight")
      let query =
        switch compatibility {
        case .dotProduct: pooled
        case .parametrised:
          Tensor.concatenated(
            [Tensor](
              repeating: pass.parameter("attention.\(level).compatibility.weight").reshaped([1, features]),
              count: local.shape[0]))
        }
      let scores = local.summedOverChannels(weights: query.matmul(projection))
      let map = scores.reshaped([local.shape[0], local.shape[2] * local.shape[3]]).softmax()
        .reshaped(scores.shape)
      flow.scores.append(scores)
      flow.maps.append(map)
      return local.summedOverPositions(weights: map).linear(weight: projection)
    }
    return Tensor.concatenated(levels, axis: 1)
  }
}
