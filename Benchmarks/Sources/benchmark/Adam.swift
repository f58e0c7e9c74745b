import Tensor

/// Adam (Kingma & Ba 2015) with PyTorch's defaults, no weight decay.
struct Adam {
  var rate: Float
  private var step = 0
  private var moments: [String: (first: Tensor, second: Tensor)] = [:]

  init(rate: Float) { self.rate = rate }

  /// One step down `gradients`, each for the parameter of its name.
  mutating func update(_ parameters: inout [String: Tensor], _ gradients: [String: Tensor]) {
    step += 1
    let (beta1, beta2): (Float, Float) = (0.9, 0.999)
    let scale = rate / (1 - power(beta1, step))
    let correction = 1 / (1 - power(beta2, step)).squareRoot()
    for (name, gradient) in gradients {
      // Taken out and put back, so that each is held once and changes in place.
      guard var parameter = parameters.removeValue(forKey: name) else { continue }
      let zeros = Tensor(shape: gradient.shape, repeating: 0)
      var (first, second) = moments.removeValue(forKey: name) ?? (zeros, zeros)
      parameter.withUnsafeMutableBufferPointer { p in
        first.withUnsafeMutableBufferPointer { m in
          second.withUnsafeMutableBufferPointer { v in
            gradient.withUnsafeBufferPointer { g in
              for i in p.indices {
                m[i] = beta1 * m[i] + (1 - beta1) * g[i]
                v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
                p[i] -= scale * m[i] / (v[i].squareRoot() * correction + 1e-8)
              }
            }
          }
        }
      }
      parameters[name] = parameter
      moments[name] = (first, second)
    }
  }

  private func power(_ base: Float, _ exponent: Int) -> Float {
    (0..<exponent).reduce(Float(1)) { product, _ in product * base }
  }
}
