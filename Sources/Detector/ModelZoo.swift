import Tensor

/// The models that are known by name.
public enum ModelZoo {
  /// The model that is used where none is named.
  public static let defaultModel = "efficientnet-b0-dfdc-160"

  /// Names of the models that ship with this package.
  public static let shipped = [defaultModel]

  /// Where the file of a shipped model is; see `WeightsLocator` for where it is looked for.
  ///
  /// - Throws: an error that lists the known names, or the places that were searched.
  public static func locate(_ name: String) throws -> String {
    guard shipped.contains(name) else {
      throw DetectorError(
        .unknownModel,
        "no model is called \(name) and no such file exists; known: \(shipped.joined(separator: ", "))")
    }
    return try WeightsLocator.find("\(name).safetensors", bundledWith: "Detector")
  }
}
