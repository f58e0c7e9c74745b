/// Samples sorted once, so that all figures of any reweighting of them take one pass.
struct Ranking: Sendable {
  /// One sample, with what figures need of it.
  struct Entry {
    let logit, probability, loss, squaredError: Double
    let group: Int32
    let bin: Int32
    let isFake: Bool
    let isCalledFake: Bool
    /// Whether the next one's logit is lower.
    let endsTie: Bool
  }

  /// From the highest logit down.
  let entries: [Entry]
  let bins: Int

  /// - Parameter groups: of each sample: the index of the weight that it takes.
  init(_ samples: [ScoredSample], groups: [Int32], options: ClassificationMetrics.Options) {
    for sample in samples {
      precondition(
        sample.logit.isFinite, "ClassificationMetrics: the logit of \(sample.name) is \(sample.logit)")
    }
    let order = samples.indices.sorted {
      samples[$0].logit != samples[$1].logit ? samples[$0].logit > samples[$1].logit : $0 < $1
    }
    bins = options.bins
    entries = order.enumerated().map { [bins] place, i in
      let (logit, isFake) = (samples[i].logit, samples[i].isFake)
      let p = Logistic.probability(logit)
      let error = isFake ? Logistic.probability(-logit) : p
      return Entry(
        logit: logit, probability: p, loss: Logistic.loss(isFake ? logit : -logit),
        squaredError: error * error,
        group: groups[i], bin: Int32(min(bins - 1, Int(p * Double(bins)))), isFake: isFake,
        isCalledFake: logit > options.threshold,
        endsTie: place == order.count - 1 || samples[order[place + 1]].logit != logit)
    }
  }

  /// All figures in the order of ``ClassificationMetric``, each sample counted as often as its group's weight says; what
  /// is not defined is NaN.
  func values(weights: [Int32]) -> [Double] {
    weights.withUnsafeBufferPointer { weights in
      entries.withUnsafeBufferPointer { entries in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * bins) { bins in
          Self.values(entries, weights, bins)
        }
      }
    }
  }

  /// - Parameter bins: room for each bin's samples, fakes and sum of probabilities.
  private static func values(
    _ entries: UnsafeBufferPointer<Entry>, _ weights: UnsafeBufferPointer<Int32>,
    _ bins: UnsafeMutableBufferPointer<Double>
  ) -> [Double] {
    bins.initialize(repeating: 0)
    var (fakes, reals) = (0.0, 0.0)
    // Of the logits so far, and among them of the tie at hand.
    var (tiedFakes, tiedReals) = (0.0, 0.0)
    var (area, precision) = (0.0, 0.0)
    var (hits, clears) = (0.0, 0.0)
    var (loss, squared) = (0.0, 0.0)
    for i in entries.indices {
      let weight = Double(weights[Int(entries[i].group)])
      if weight > 0 {
        loss += weight * entries[i].loss
        squared += weight * entries[i].squaredError
        let bin = 3 * Int(entries[i].bin)
        bins[bin] += weight
        bins[bin + 2] += weight * entries[i].probability
        if entries[i].isFake {
          tiedFakes += weight
          bins[bin + 1] += weight
          if entries[i].isCalledFake { hits += weight }
        } else {
          tiedReals += weight
          if !entries[i].isCalledFake { clears += weight }
        }
      }
      if entries[i].endsTie {
        // Each real one is below the fakes before it, and level with half of those beside it.
        area += tiedReals * (fakes + tiedFakes / 2)
        fakes += tiedFakes
        reals += tiedReals
        if tiedFakes > 0 { precision += tiedFakes * fakes / (fakes + reals) }
        (tiedFakes, tiedReals) = (0, 0)
      }
    }
    var miscalibration = 0.0
    for bin in stride(from: 0, to: bins.count, by: 3) { miscalibration += abs(bins[bin + 1] - bins[bin + 2]) }
    // Divisions of 0 by 0 are the NaN that stands for undefined.
    let count = fakes + reals
    return [
      (hits / fakes + clears / reals) / 2, area / (fakes * reals), precision / fakes, loss / count,
      squared / count, miscalibration / count, hits / fakes, clears / reals,
    ].map { $0.isFinite ? $0 : .nan }
  }
}
