import Glibc

/// What fuzzing starts from: the golden files, and a few small ones that use what those do not.
enum Seeds {
  static func write(to folder: String, from goldens: String) {
    for target in Target.allCases { mkdir("\(folder)/\(target.rawValue)", 0o777) }
    for name in names(in: goldens) {
      let bytes = content("\(goldens)/\(name)")
      if name.hasSuffix(".npy") {
        save(.npy, name, [0] + bytes)
        if bytes.count > 10, bytes[6] == 1 { save(.npy, "line-\(name)", [1] + bytes[10...]) }
      } else if name.hasSuffix(".safetensors"), bytes.count > 8 {
        save(.safetensors, name, [0] + bytes)
        let length = Int(bytes[0]) + 256 * Int(bytes[1])
        save(.safetensors, "split-\(name)", [1] + bytes[8..<(8 + length)] + [0] + bytes[(8 + length)...])
      } else if bytes.starts(with: [0x50, 0x4b]) {
        save(.zip, name, [0] + bytes)
        save(.zip, "repaired-\(name)", [1] + bytes)
        save(.pickle, name, [0] + pickle(of: bytes))
      } else if name.hasSuffix(".pth"), bytes.first == 0x80 {
        save(.legacy, name, [0] + bytes)
      }
    }
    for (i, text) in pickles.enumerated() {
      save(.pickle, "small-\(i)", [0, 0x80, 2] + Array(text.utf8))
      // All but its end, again and again after the protocol.
      save(.pickle, "again-\(i)", [23, 0x80, 2] + Array(text.utf8.dropLast()))
      save(.zip, "small-\(i)", [1] + Container.torch(pickle: [0x80, 2] + Array(text.utf8)))
    }
    func save(_ target: Target, _ name: String, _ bytes: [UInt8]) {
      let descriptor = open("\(folder)/\(target.rawValue)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o666)
      guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
        fatalError("seeds cannot be written to \(folder)")
      }
      close(descriptor)
    }
  }

  /// Views of the storages that ``Container`` provides, and calls by every opcode that calls.
  private static let pickles: [String] = {
    func storage(_ type: String, _ key: String) -> String {
      "(U\u{7}storagectorch\n\(type)\nU\u{1}\(key)U\u{3}cpuK\u{10}tQ"
    }
    let float = storage("FloatStorage", "0")
    let half = storage("HalfStorage", "1")
    return [
      "}U\u{1}wctorch._utils\n_rebuild_tensor_v2\n(\(float)K\u{0}(K\u{4}K\u{4}t(K\u{4}K\u{1}t\u{49}00\n)tRs.",
      "}U\u{1}wctorch._utils\n_rebuild_tensor\n(\(half)K\u{1}(K\u{2}K\u{2}t(K\u{1}K\u{2}ttRs.",
      "ccollections\nOrderedDict\n(](U\u{1}aK\u{1}lalt\u{52}.",
      "(ccollections\nOrderedDict\no.", "(icollections\nOrderedDict\n.",
      "cargparse\nNamespace\n)}U\u{1}aK\u{1}sb.", "(U\u{1}aNU\u{1}bI12345678901\nd.",
      "(K\u{1}K\u{2}l2a0q\u{0}h\u{0}.",
    ]
  }()

  /// The pickle of a PyTorch file, which is its first entry and ends where its descriptor begins.
  private static func pickle(of zip: [UInt8]) -> [UInt8] {
    let start = 30 + Int(zip[26]) + 256 * Int(zip[27]) + Int(zip[28]) + 256 * Int(zip[29])
    let end = (start..<(zip.count - 3)).first { zip[$0] == 0x50 && zip[$0 + 1] == 0x4b && zip[$0 + 2] == 7 }
    return Array(zip[start..<(end ?? start)])
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { fatalError("there is no folder \(folder)") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.sorted()
  }

  private static func content(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = read(descriptor, &bytes, bytes.count)
    return Array(bytes[..<max(0, count)])
  }
}
