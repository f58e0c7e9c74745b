#if canImport(Glibc)
  import Glibc
#else
  import Foundation
#endif

/// σ(z), the probability that a logit stands for.
func logistic(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }
