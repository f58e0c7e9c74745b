import CFuzzing
import Detector
import Glibc
import Tensor

/// What reads the input; the environment variable `WHYFAKE_FUZZ` names it.
enum Target: String, CaseIterable {
  /// The pickle machine: the input is the `data.pkl` of a PyTorch file.
  case pickle
  /// A PyTorch file since 1.6.
  case zip
  /// A PyTorch file before 1.6.
  case legacy
  case safetensors
  case npy

  static let chosen = getenv("WHYFAKE_FUZZ").flatMap { Target(rawValue: String(cString: $0)) }

  /// Reads the file at `path` and gives the bytes of the tensors that it made.
  func read(_ path: String) throws(WeightsError) -> Int {
    switch self {
    case .pickle, .zip, .legacy: try Checkpoint.load(path).bytes
    case .safetensors: try Weights(safetensors: path).bytes
    case .npy: try Tensor(npy: path).bytes
    }
  }

  /// The most memory that reading `size` bytes may take: twice as much, and three megabytes. An array of bytes
  /// becomes one of floats, which is four times as large.
  func limit(_ size: Int) -> Int { (self == .npy ? 4 : 2) * size + 3 << 20 }
}

extension Weights {
  /// The bytes of all tensors, each of which is looked at.
  var bytes: Int { tensors.values.reduce(0) { $0 + $1.bytes } }
}

extension Tensor {
  var bytes: Int {
    withUnsafeBufferPointer { elements in
      var bits: UInt32 = 0
      for element in elements { bits |= element.bitPattern }
      return elements.count * 4 + (bits == 1 && elements.count == 1 ? 1 : 0)
    }
  }
}

/// One input in memory, with a path to it.
struct MemoryFile {
  static let shared = MemoryFile()
  let descriptor = wf_memory_file()
  var path: String { "/proc/self/fd/\(descriptor)" }

  func set(_ bytes: [UInt8]) {
    guard ftruncate(descriptor, off_t(bytes.count)) == 0,
      pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
    else { fatalError("the file in memory cannot be written") }
  }
}

/// Reads one input and checks what that took; libFuzzer calls it. With `WHYFAKE_FUZZ_SAY` set it prints the figures.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard let target = Target.chosen else {
    fatalError("WHYFAKE_FUZZ has to be one of \(Target.allCases.map(\.rawValue))")
  }
  let file = target.file(from: UnsafeBufferPointer(start: data, count: size))
  MemoryFile.shared.set(file)
  let path = MemoryFile.shared.path
  var (tensors, problem) = (0, "")
  wf_meter_start()
  do {
    tensors = try target.read(path)
  } catch {
    problem = error.problem
  }
  let peak = Int(wf_meter_stop())
  let limit = target.limit(file.count)
  if getenv("WHYFAKE_FUZZ_SAY") != nil {
    print(
      "\(file.count) bytes, at most \(peak) allocated, \(tensors) of tensors, \(limit) allowed. \(problem)")
  }
  precondition(
    max(peak, tensors) <= limit,
    "a file of \(file.count) bytes took \(peak) bytes, \(tensors) of them tensors; at most \(limit) may be")
  precondition(
    problem.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
      && problem.utf8.count < 4000, "a message of several lines, or without end: \(problem)")
  if target == .npy { _ = try? ByteArray(npy: path) }
  return 0
}

/// Writes the seeds if it is asked to; libFuzzer calls it first.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ argc: UnsafeMutablePointer<CInt>, _ argv: UnsafeMutableRawPointer
) -> CInt {
  if let folder = getenv("WHYFAKE_FUZZ_SEEDS"), let goldens = getenv("WHYFAKE_FUZZ_GOLDENS") {
    Seeds.write(to: String(cString: folder), from: String(cString: goldens))
    exit(0)
  }
  return 0
}
