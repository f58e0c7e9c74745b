import Tensor

/// The models that are known by name.
public enum ModelZoo {
  /// The model that is used where none is named.
  public static let defaultModel = "efficientnet-b0-dfdc-224"

  /// The model whose attention is shown where the model at hand has none of this kind; the default model for `.none`.
  public static func defaultModel(for attention: EfficientNet.Attention) -> String {
    switch attention {
    case .none: defaultModel
    case .autoAtt: "efficientnet-autoatt-b0-dfdc-224"
    case .ltpa: "efficientnet-ltpa-b0-dfdc-224"
    }
  }

  /// Names of the models that ship with this package.
  public static let shipped = shippedRecords.map(\.name)

  /// The record of each model: what ships, then what others publish.
  public static let records = shippedRecords + icpr2020dfdc + dfdcWinner

  /// Several models under one name, such as `dfdc-winner`: what was published to be used together.
  public static let groups = [
    (name: "icpr2020dfdc", models: icpr2020dfdc.map(\.name)),
    (name: "dfdc-winner", models: dfdcWinner.map(\.name)),
  ]

  /// The record of the model `name`; nil if there is none.
  public static func record(named name: String) -> ModelRecord? { records.first { $0.name == name } }

  /// The record of the model whose file is called so, as its authors or the user's cache have it; nil if there is none.
  static func record(ofFile fileName: String) -> ModelRecord? { records.first { $0.fileName == fileName } }

  /// The name that was probably meant by `name`, which nothing has; nil if none is near.
  public static func suggestion(for name: String) -> String? {
    nearest(to: name, in: records.map(\.name) + groups.map(\.name))
  }

  /// The error that there is no model `name`; it says which one may have been meant.
  public static func unknown(_ name: String) -> DetectorError {
    let guess = suggestion(for: name).map { "did you mean \($0)? " } ?? ""
    return DetectorError(
      .unknownModel,
      "no model and no file is called \(quoted(name)); \(guess)known: \(defaultModel) and "
        + "\(records.count - 1) more, see whyfake models list")
  }

  /// Where the file of a model is that can be run; see `WeightsLocator` for where it is looked for.
  ///
  /// - Throws: an error that says what to do: which name may have been meant, how the file is fetched, or why the
  ///   model cannot be run.
  public static func locate(_ name: String) throws -> String {
    guard let record = record(named: name) else { throw unknown(name) }
    guard record.isRunnable else {
      throw DetectorError(
        .unknownArchitecture,
        "\(name) is an \(record.architecture), which cannot be run here; it can only be fetched")
    }
    do {
      return try WeightsLocator.find(record.fileName, bundledWith: "Detector")
    } catch {
      guard !record.isShipped else { throw error }
      throw DetectorError(
        .notFetched, "\(name) is not on this machine; run whyfake models fetch \(name)")
    }
  }

  /// Where the file of a model is, whether or not it can be run; nil if it is nowhere.
  package static func place(of record: ModelRecord) -> String? {
    try? WeightsLocator.find(record.fileName, bundledWith: "Detector")
  }
}
