extension Recipe {
  /// Throws where a number makes no sense.
  func validate() throws(TrainingError) {
    func check(_ isSound: Bool, _ what: String) throws(TrainingError) {
      if !isSound { throw TrainingError(.badRecipe, "recipe: \(what)") }
    }
    try check(!stages.isEmpty && stages.count <= 100, "\(stages.count) stages; give 1 to 100")
    for stage in stages {
      try check((32...1024).contains(stage.size), "pictures of \(stage.size) pixels; give 32 to 1024")
      try check(stage.epochs > 0 && stage.epochs <= 10000, "\(stage.epochs) epochs; give more than 0")
      try check(stage.rate.isFinite && stage.rate > 0, "a rate of \(stage.rate); give more than 0")
      try check((0...1_000_000).contains(stage.warmup), "a warm-up of \(stage.warmup) steps")
    }
    try check(
      batch % 2 == 0 && (2...1024).contains(batch), "batches of \(batch); give an even number up to 1024")
    switch optimizer {
    case .adam(let decay): try check(decay >= 0 && decay < 1, "a weight decay of \(decay)")
    case .sgd(let momentum, _, let decay):
      try check((0..<1).contains(momentum) && decay >= 0 && decay < 1, "momentum \(momentum), decay \(decay)")
    }
    if let problem = augmentation.problem {
      throw TrainingError(.badRecipe, "recipe: augmentation: \(problem)")
    }
    if let problem = selfBlending.problem {
      throw TrainingError(.badRecipe, "recipe: self-blending: \(problem)")
    }
    if let clipNorm { try check(clipNorm > 0, "gradients cut to \(clipNorm)") }
    try check((0..<1).contains(averaging), "an average that keeps \(averaging); give 0 up to below 1")
    try check(momentum > 0 && momentum <= 1, "statistics that move by \(momentum)")
    try check((0..<0.5).contains(labelSmoothing), "label smoothing of \(labelSmoothing); give less than 0.5")
    try check((0..<1).contains(dropout) && (0..<1).contains(dropPath), "dropout \(dropout), \(dropPath)")
    for share in [pairing, sharedGeometry, selfBlended] {
      try check((0...1).contains(share), "a share of \(share); give 0 to 1")
    }
    try check(attentionWeight >= 0 && attentionWeight.isFinite, "an attention weight of \(attentionWeight)")
    try check(plateauFactor > 0 && plateauFactor < 1 && plateauPatience >= 0, "a plateau of \(plateauFactor)")
    try check((patience ?? 0) >= 0, "a patience of \(patience ?? 0)")
    try check(looksPerEpoch > 0 && looksPerEpoch <= 1000, "\(looksPerEpoch) looks an epoch")
  }
}
