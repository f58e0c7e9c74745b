import Tensor

/// A checkpoint as a network and what is said about it: recognised, renamed, its head read as one logit.
struct ImportedModel {
  let network: Network
  let description: ModelDescription

  /// Reads `weights`.
  ///
  /// - Parameters:
  ///   - name: the model's name where the file does not say.
  ///   - overrides: what differs from what the file or its dialect says.
  init(_ weights: Weights, name: String, overrides: DeepfakeDetector.Overrides) throws(DetectorError) {
    let tensors = Self.unwrapped(weights.tensors)
    let shapes = tensors.mapValues(\.shape)
    guard let dialect = checkpointDialects.lazy.compactMap({ $0.reading(shapes) }).first else {
      throw Self.unknown(shapes)
    }
    var architecture = try dialect.architecture(shapes)
    let stored = try ModelDescription(metadata: weights.metadata)
    if let stored { architecture = try Self.agreed(architecture, stored.info.architecture) }
    if let wanted = overrides.architecture, wanted != architecture.name {
      throw DetectorError(.unknownArchitecture, "it holds an \(architecture.name), not an \(wanted)")
    }

    let habits = dialect.habits(for: architecture)
    var description =
      stored
      ?? ModelDescription(
        info: ModelInfo(
          name: name, architecture: architecture.name, inputSize: habits.inputSize,
          cropPolicy: habits.cropPolicy), padding: habits.padding, epsilon: habits.epsilon,
        normalization: habits.normalization, checkpoint: dialect.project)
    description.apply(overrides)
    try description.validate()
    let (parameters, outputs) = try Self.parameters(
      tensors, dialect, architecture, isTrunkOnly: overrides.isTrunkOnly)
    if overrides.isTrunkOnly {
      description.classConvention = .fakeLogit
      self.description = description
      network = try Network(
        architecture, padding: description.padding, epsilon: description.epsilon, parameters: parameters)
      return
    }
    // What we wrote has one logit whatever it came from.
    let convention = overrides.classConvention ?? (outputs == 2 ? .fakeSecond : habits.oneOutput)
    if stored == nil || overrides.classConvention != nil { description.classConvention = convention }
    self.description = description
    network = try Network(
      architecture, padding: description.padding, epsilon: description.epsilon,
      parameters: try Self.oneLogit(
        parameters, outputs, stored == nil ? convention : overrides.classConvention ?? .fakeLogit))
  }

  /// The tensors without what training wrappers put before every name (`DataParallel`, `torch.compile`, Lightning).
  private static func unwrapped(_ tensors: [String: Tensor]) -> [String: Tensor] {
    var tensors = tensors
    while let wrapper = ["module.", "_orig_mod.", "model."].first(where: { wrapper in
      !tensors.isEmpty && tensors.keys.allSatisfy { $0.hasPrefix(wrapper) }
    }) {
      tensors = Dictionary(
        uniqueKeysWithValues: tensors.map { (String($0.key.dropFirst(wrapper.count)), $0.value) })
    }
    return tensors
  }

  /// The architecture that tensors and description agree on.
  private static func agreed(_ found: Architecture, _ said: String) throws(DetectorError) -> Architecture {
    if found.name == said { return found }
    // These two have the same tensors.
    let twin = Architecture.mesoNet(MesoNet(.mesoInception4WithoutReLU))
    if said == twin.name, found == .mesoNet(MesoNet(.mesoInception4)) { return twin }
    throw DetectorError(
      .badDescription, "its description says \(quoted(said)), its tensors are those of \(found.name)")
  }

  /// Our parameters, and the number of outputs of the last layer, which is left as it is.
  private static func parameters(
    _ tensors: [String: Tensor], _ dialect: any CheckpointDialect, _ architecture: Architecture,
    isTrunkOnly: Bool
  ) throws(DetectorError) -> (parameters: [String: Tensor], outputs: Int) {
    var (missing, misshapen) = ([String](), [(name: String, found: [Int], expected: [Int])]())
    var used: Set<String> = []
    var parameters: [String: Tensor] = [:]
    var outputs = 1
    let head = ["classifier.weight", "classifier.bias"]
    if !isTrunkOnly, case .tensor(let name) = dialect.source(of: head[1], in: architecture),
      let bias = tensors[name]
    {
      outputs = bias.count
    }
    for (parameter, shape) in architecture.parameterShapes {
      guard case .tensor(let name) = dialect.source(of: parameter, in: architecture) else {
        parameters[parameter] = Tensor(shape: shape, repeating: 0)
        continue
      }
      used.insert(name)
      if isTrunkOnly, head.contains(parameter) {
        parameters[parameter] = Tensor(shape: shape, repeating: 0)
        continue
      }
      guard let tensor = tensors[name] else {
        missing.append(name)
        continue
      }
      var due = shape
      if head.contains(parameter), outputs == 2 { due[0] = outputs }
      if let converted = dialect.converted(tensor, to: parameter, due) {
        parameters[parameter] = converted
      } else {
        misshapen.append((name, tensor.shape, due))
      }
    }
    if outputs > 2, missing.isEmpty {
      throw DetectorError(
        .wrongTensors,
        "its last layer tells \(outputs) classes apart; a detector has one output, or two for real and fake")
    }
    let unknown = tensors.keys.filter {
      !used.contains($0) && !dialect.isLeftover($0) && !$0.hasSuffix("num_batches_tracked")
    }
    try TensorDifference(missing: missing, unknown: unknown, misshapen: misshapen).check(
      "\(architecture.name) (\(dialect.project))")
    return (parameters, outputs)
  }

  /// The last layer as one logit, above 0 for fake.
  private static func oneLogit(
    _ parameters: [String: Tensor], _ outputs: Int, _ convention: ClassConvention
  ) throws(DetectorError) -> [String: Tensor] {
    guard convention.outputs == outputs else {
      throw DetectorError(
        .badRequest,
        "its last layer has \(outputs == 1 ? "one output" : "two outputs"): it cannot be read as "
          + convention.rawValue)
    }
    var parameters = parameters
    for name in ["classifier.weight", "classifier.bias"] {
      let rows = parameters[name]!
      switch convention {
      case .fakeLogit: break
      case .realLogit: parameters[name] = rows * -1
      case .fakeSecond: parameters[name] = rows.rows(1..<2) - rows.rows(0..<1)
      case .fakeFirst: parameters[name] = rows.rows(0..<1) - rows.rows(1..<2)
      }
    }
    return parameters
  }

  /// What to say of tensors that nobody knows.
  private static func unknown(_ shapes: [String: [Int]]) -> DetectorError {
    if shapes.keys.contains(where: { $0.hasPrefix("xception.") || $0.hasPrefix("feat_ext.xception.") }) {
      return DetectorError(.unknownArchitecture, "it holds an Xception, a network that is not run here")
    }
    let names = shapes.keys.sorted().prefix(3).joined(separator: ", ")
    return DetectorError(
      .unknownArchitecture,
      "no known network has these tensors (\(names) …); EfficientNets of efficientnet_pytorch, icpr2020dfdc, SBI, "
        + "DeepfakeBench, timm, torchvision and the DFDC winner, and MesoNets, are known")
  }
}
