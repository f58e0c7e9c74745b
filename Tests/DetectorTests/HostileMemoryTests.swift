#if os(Linux)
  import Detector
  import Foundation
  import Tensor
  import TestSupport
  import Testing

  /// Each file is read in a process of its own, whose largest resident memory is compared with the file's size.
  @Suite("Memory of reading files", .serialized) struct HostileMemoryTests {
    let folder = TemporaryFolder()

    /// Twice the file, two megabytes that readers may take, and two for pages and the allocator.
    static func limit(_ size: Int) -> Int { 2 * size + 4 << 20 }

    /// Reads the file at `path` in this process, and stops it with status 1 if that takes more than `limit`, or ten
    /// seconds. The process has made nothing large before: freed memory that it keeps would hide what reading takes.
    static func measure(_ name: String, _ path: String, limit: Int, succeeds: Bool) {
      do {
        // Once a small file, so that what the first call of anything takes is not counted.
        let folder = TemporaryFolder()
        _ = try Checkpoint.load(folder.write(Forge.zip(Forge.state()), "small.pth"))
        let before = resident("VmRSS")
        try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        let start = ContinuousClock.now
        var (problem, tensors) = ("", 0)
        do {
          let weights =
            path.hasSuffix(".npy") ? Weights(["x": try Tensor(npy: path)]) : try Checkpoint.load(path)
          tensors = weights.tensors.values.reduce(0) { $0 + 4 * $1.count }
        } catch { problem = error.problem }
        let took = resident("VmHWM") - before
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print("\(name): reading took \(took) bytes, \(tensors) of them tensors, and \(seconds) s. \(problem)")
        fflush(nil)
        guard took <= limit, seconds < 10, problem.isEmpty == succeeds, succeeds || isOneLine(problem)
        else { exit(1) }
      } catch {
        print("\(name): \(error)")
        exit(2)
      }
    }

    /// A figure of `/proc/self/status` in bytes.
    static func resident(_ name: String) -> Int {
      let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") } ?? ""
      return 1024 * (line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0)
    }

    static let files: [(name: String, succeeds: Bool, bytes: @Sendable () -> [UInt8])] = [
      (
        "four million lists", false,
        { Forge.zip(Forge.pickle(Array(repeating: UInt8(ascii: "]"), count: 4_000_000))) }
      ),
      (
        "four million dictionaries in a list", false,
        {
          Forge.zip(
            Forge.pickle(Array("](".utf8) + Array(repeating: UInt8(ascii: "}"), count: 4_000_000) + [0x65]))
        }
      ),
      (
        "four million memos", false,
        { Forge.legacy(Forge.pickle([UInt8(ascii: "N")] + Array(repeating: 0x94, count: 4_000_000))) }
      ),
      (
        "half a million names of one tensor", false,
        {
          var body = Array("}q\0".utf8) + Forge.tensor(Forge.storage(count: 2), shape: [2], strides: [1])
          body += Array("q\u{1}0(".utf8)
          for i in 0..<500_000 {
            body += [UInt8(ascii: "U"), 4] + Forge.little(i | 0x4040_4040, 4) + [0x68, 1]
          }
          return Forge.zip(Forge.pickle(Array("}".utf8) + body + Array("u".utf8)))
        }
      ),
      (
        "views of a megabyte, each at another place", false,
        {
          let views = (0..<2000).map {
            (
              "w\($0)",
              Forge.tensor(Forge.storage(count: 1 << 18), offset: $0, shape: [200_000], strides: [1])
            )
          }
          return Forge.zip(Forge.pickle(Forge.dictionary(views)), Forge.zeros(1 << 18))
        }
      ),
      (
        "a dictionary copied again and again", false,
        {
          let one = Forge.dictionary((0..<200).map { ("key\($0)", [UInt8(ascii: "N")]) }) + Array("q\0".utf8)
          let copy = Forge.global("collections", "OrderedDict") + Array("q\u{1}0".utf8)
          return Forge.zip(
            Forge.pickle(
              one + copy
                + Array(repeating: Array("h\u{1}h\0".utf8) + [0x85, 0x52], count: 300_000).flatMap { $0 }))
        }
      ),
      (
        "sixty thousand entries", false,
        { ZipForge((0..<60_000).map { ("\($0)", []) }).bytes }
      ),
      (
        "halves, which become twice as large", true,
        {
          let count = 8 << 20
          let state = Forge.pickle(
            Forge.dictionary([
              (
                "w",
                Forge.tensor(Forge.storage(type: "HalfStorage", count: count), shape: [count], strides: [1])
              )
            ]))
          return Forge.zip(state, [UInt8](repeating: 0, count: 2 * count))
        }
      ),
      (
        "a transposed matrix of halves, before 1.6", true,
        {
          let state = Forge.pickle(
            Forge.dictionary([
              (
                "w",
                Forge.tensor(
                  Forge.storage(type: "HalfStorage", count: 8 << 20), shape: [2048, 4096], strides: [1, 2048])
              )
            ]))
          return Forge.legacy(state, storages: [(8 << 20, [UInt8](repeating: 0, count: 16 << 20))])
        }
      ),
      (
        "a safetensors header of empty tensors", false,
        {
          let entries = (0..<40_000).map {
            "\"\($0)\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}"
          }
          let header = Array("{\(entries.joined(separator: ","))}".utf8)
          return Forge.little(header.count, 8) + header
        }
      ),
      (
        "a safetensors header of a name of 8 MB", false,
        {
          let header =
            Array("{\"__metadata__\":{\"a\":\"".utf8) + Array(repeating: 0x61, count: 8 << 20)
            + Array("\",\"b\":\"".utf8) + Array(repeating: 0x61, count: 8 << 20) + Array("\"}}".utf8)
          return Forge.little(header.count, 8) + header
        }
      ),
      (
        "a column-major array of doubles", true,
        {
          let header = "{'descr': '<f8', 'fortran_order': True, 'shape': (1024, 2048), }\n"
          return [0x93] + Array("NUMPY".utf8) + [1, 0] + Forge.little(header.utf8.count, 2)
            + Array(header.utf8)
            + [UInt8](repeating: 0, count: 16 << 20)
        }
      ),
    ]

    @Test("no file takes more than twice its size and four megabytes", arguments: files.indices)
    func bounded(index: Int) async throws {
      let file = Self.files[index].bytes()
      let path: String = try folder.write(file, file.first == 0x93 ? "x.npy" : "x.pth")
      let limit: Int = Self.limit(file.count)
      let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
        [index = index as Int, path = path as String, limit = limit as Int] in
        let (name, succeeds, _) = Self.files[index]
        Self.measure(name, path, limit: limit, succeeds: succeeds)
      }
      print(
        "\(file.count) bytes,", String(decoding: result?.standardOutputContent ?? [], as: UTF8.self),
        terminator: "")
    }

    @Test("a file of eight terabytes, all but its header a hole, is refused and does not fill the memory")
    func holes() throws {
      let count = 1 << 41
      let header = Array(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[\(count)],\"data_offsets\":[0,\(4 * count)]}}".utf8)
      let text = Array("{'descr': '<f4', 'fortran_order': False, 'shape': (\(count),), }\n".utf8)
      for (name, start) in [
        ("x.safetensors", Forge.little(header.count, 8) + header),
        ("x.npy", [0x93] + Array("NUMPY".utf8) + [1, 0] + Forge.little(text.count, 2) + text),
      ] {
        let path = try folder.write(start, name)
        guard truncate(path, off_t(start.count + 4 * count)) == 0 else { continue }  // not every disk can
        let error = #expect(throws: WeightsError.self) {
          if name == "x.npy" { _ = try Tensor(npy: path) } else { _ = try Checkpoint.load(path) }
        }
        #expect(error?.problem.contains("memory") == true, "\(error?.problem ?? "")")
      }
    }

    @Test("a file that takes more is noticed: halves do not fit in once their size")
    func unbounded() async throws {
      let file = Self.files.first { $0.name.hasPrefix("halves") }!.bytes()
      let path = try folder.write(file, "x.pth")
      let limit = file.count + 4 << 20
      await #expect(processExitsWith: .exitCode(1)) { [path = path as String, limit = limit as Int] in
        Self.measure("halves", path, limit: limit, succeeds: true)
      }
    }
  }
#endif
