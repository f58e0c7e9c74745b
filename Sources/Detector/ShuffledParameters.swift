import Tensor

extension DeepfakeDetector {
  /// The parts of the network from its end to its beginning, as parameters are named: `classifier`, `head`, `blocks.15` …
  /// `blocks.0`, `stem`; attention projections go with the classifier. MesoNet's names are its own.
  public var cascade: [[String]] {
    var parts: [String: [String]] = [:]
    for name in network.parameters.keys.sorted() {
      let words = name.split(separator: ".")
      let part =
        words[0] == "blocks"
        ? words.prefix(2).joined(separator: ".") : words[0] == "attention" ? "classifier" : String(words[0])
      parts[part, default: []].append(name)
    }
    let places = Dictionary(uniqueKeysWithValues: blocks.enumerated().map { ($1.name, $0) })
    return parts.sorted { a, b in
      let (i, j) = (places[a.key] ?? .max, places[b.key] ?? .max)
      return i != j ? i > j : a.key < b.key
    }.map(\.value)
  }

  /// A detector that has forgotten: the values of each of these parameters are in another order, drawn from `seed`. What it
  /// computes means nothing any more, and is of the same size as before.
  ///
  /// - Throws: ``DetectorError`` for the name of a parameter that is not there.
  public func shuffling(_ names: some Sequence<String>, seed: UInt64) throws(DetectorError)
    -> DeepfakeDetector
  {
    var parameters = network.parameters
    for name in names {
      guard var values = parameters[name]?.elements, let shape = parameters[name]?.shape else {
        throw DetectorError(.badRequest, "\(info.name) has no parameter \(name)")
      }
      // The seed of a tensor belongs to its name: which others are shuffled does not change it.
      var generator = SplitMix(seed: name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
      values.shuffle(using: &generator)
      parameters[name] = Tensor(shape: shape, values)
    }
    return try DeepfakeDetector(
      description: description,
      network: Network(
        network.architecture, padding: network.padding, epsilon: network.epsilon, parameters: parameters))
  }
}
