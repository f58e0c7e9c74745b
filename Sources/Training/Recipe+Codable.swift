extension Recipe: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case architecture, stages, batch, optimizer, clipNorm, averaging, momentum, labelSmoothing, dropout,
      dropPath
    case pairing, sharedGeometry, selfBlended, augmentation, selfBlending, attentionWeight
    case plateauFactor, plateauPatience, patience, looksPerEpoch, seed
  }

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Reads a recipe; what it does not name is as in ``init(architecture:)``, and augmentation may be `none`, `light` or
  /// `standard`. A key that means nothing is an error.
  public init(from decoder: any Decoder) throws {
    self.init()
    let known = Set(CodingKeys.allCases.map(\.rawValue))
    for key in try decoder.container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [key], debugDescription: "a recipe has no \(key.stringValue)"))
    }
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func read<T: Decodable>(_ key: CodingKeys, _ value: inout T) throws {
      if let found = try values.decodeIfPresent(T.self, forKey: key) { value = found }
    }
    try read(.architecture, &architecture)
    try read(.stages, &stages)
    try read(.batch, &batch)
    try read(.optimizer, &optimizer)
    if values.contains(.clipNorm) { clipNorm = try values.decodeIfPresent(Float.self, forKey: .clipNorm) }
    try read(.averaging, &averaging)
    try read(.momentum, &momentum)
    try read(.labelSmoothing, &labelSmoothing)
    try read(.dropout, &dropout)
    try read(.dropPath, &dropPath)
    try read(.pairing, &pairing)
    try read(.sharedGeometry, &sharedGeometry)
    try read(.selfBlended, &selfBlended)
    if let name = try? values.decode(String.self, forKey: .augmentation) {
      guard let preset = Augmentation.presets[name] else {
        throw DecodingError.dataCorruptedError(
          forKey: .augmentation, in: values, debugDescription: "there is no augmentation \(name)")
      }
      augmentation = preset
    } else {
      try read(.augmentation, &augmentation)
    }
    try read(.selfBlending, &selfBlending)
    try read(.attentionWeight, &attentionWeight)
    try read(.plateauFactor, &plateauFactor)
    try read(.plateauPatience, &plateauPatience)
    patience = try values.decodeIfPresent(Int.self, forKey: .patience)
    try read(.looksPerEpoch, &looksPerEpoch)
    try read(.seed, &seed)
  }

  /// Writes all of it.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(architecture, forKey: .architecture)
    try values.encode(stages, forKey: .stages)
    try values.encode(batch, forKey: .batch)
    try values.encode(optimizer, forKey: .optimizer)
    try values.encode(clipNorm, forKey: .clipNorm)
    try values.encode(averaging, forKey: .averaging)
    try values.encode(momentum, forKey: .momentum)
    try values.encode(labelSmoothing, forKey: .labelSmoothing)
    try values.encode(dropout, forKey: .dropout)
    try values.encode(dropPath, forKey: .dropPath)
    try values.encode(pairing, forKey: .pairing)
    try values.encode(sharedGeometry, forKey: .sharedGeometry)
    try values.encode(selfBlended, forKey: .selfBlended)
    try values.encode(augmentation, forKey: .augmentation)
    try values.encode(selfBlending, forKey: .selfBlending)
    try values.encode(attentionWeight, forKey: .attentionWeight)
    try values.encode(plateauFactor, forKey: .plateauFactor)
    try values.encode(plateauPatience, forKey: .plateauPatience)
    try values.encodeIfPresent(patience, forKey: .patience)
    try values.encode(looksPerEpoch, forKey: .looksPerEpoch)
    try values.encode(seed, forKey: .seed)
  }
}
