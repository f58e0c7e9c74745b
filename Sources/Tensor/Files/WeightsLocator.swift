#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
  import Foundation
#endif

/// Finds the weights that come with the package, also when the program was moved.
///
/// Looked for in this order: the folders that the environment variable `WHYFAKE_MODELS` names (separated by
/// colons); beside the program; in the module's resource bundle beside the program; in
/// `../share/whyfake/models` from the program; in the user's cache (`$XDG_CACHE_HOME` or `~/.cache`, then
/// `whyfake/models`).
public enum WeightsLocator {
  /// The path of a file of weights.
  ///
  /// - Parameters:
  ///   - file: its name, such as `blazeface.safetensors`; with a `/` in it, a path that is taken as it is.
  ///   - module: the module that ships it as a resource, such as `FaceCrop`.
  /// - Throws: ``WeightsError`` that lists where it was looked for, if it is nowhere.
  public static func find(_ file: String, bundledWith module: String) throws(WeightsError) -> String {
    try find(file, bundledWith: module, environment: environment(), program: program())
  }

  /// The folder of the user's cache where fetched models lie; nil where the user has no home.
  package static var cacheFolder: String? { cacheFolder(environment()) }

  package static func find(
    _ file: String, bundledWith module: String, environment: [String: String], program: String?
  ) throws(WeightsError) -> String {
    if file.contains("/") {
      guard isFile(file) else {
        throw WeightsError(file: file, problem: "is not there; give the path of a file")
      }
      return file
    }
    let folders = folders(bundledWith: module, environment: environment, program: program)
    for folder in folders where isFile("\(folder)/\(file)") { return "\(folder)/\(file)" }
    throw WeightsError(
      file: file,
      problem:
        "was not found in \(folders.joined(separator: ", ")); give its path, or set WHYFAKE_MODELS to the "
        + "folder that has it")
  }

  private static func folders(
    bundledWith module: String, environment: [String: String], program: String?
  ) -> [String] {
    var folders = (environment["WHYFAKE_MODELS"] ?? "").split(separator: ":").map(String.init)
    if let program, let slash = program.lastIndex(of: "/") {
      let beside = String(program[..<slash])
      folders += [
        beside, "\(beside)/WhyFake_\(module).resources/Models", "\(beside)/WhyFake_\(module).bundle/Models",
        "\(beside)/WhyFake_\(module).bundle/Contents/Resources/Models", "\(beside)/../share/whyfake/models",
      ]
    }
    if let cache = cacheFolder(environment) { folders.append(cache) }
    return folders
  }

  private static func cacheFolder(_ environment: [String: String]) -> String? {
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return "\(cache)/whyfake/models" }
    if let home = environment["HOME"], !home.isEmpty { return "\(home)/.cache/whyfake/models" }
    return nil
  }

  private static func environment() -> [String: String] {
    var environment: [String: String] = [:]
    for name in ["WHYFAKE_MODELS", "XDG_CACHE_HOME", "HOME"] {
      environment[name] = getenv(name).map { String(cString: $0) }
    }
    return environment
  }

  private static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// The path of the running program, as far as the system tells.
  private static func program() -> String? {
    #if canImport(Darwin)
      return Bundle.main.executableURL?.resolvingSymlinksInPath().path
    #else
      var buffer = [UInt8](repeating: 0, count: 4096)
      let length = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
      return length > 0 ? String(decoding: buffer[..<length], as: UTF8.self) : nil
    #endif
  }
}
