import Explainers
import FaceCrop
import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

@Suite("Given segments")
struct SupervoxelsGivenTests {
  private let folder = TemporaryFolder()
  private let clip = formulaClip(frames: 2, size: 4) { _, _, _ in (0, 0, 0) }

  @Test("come out as they are, numbered by their first pixel")
  func same() throws {
    let labels = Tensor(shape: [2, 4, 4], (0..<32).map { Float([70, -3, 12][$0 / 5 % 3]) })
    let cut = try GivenSegments(labels: labels).segments(of: clip)
    #expect(cut.count == 3 && cut.labels == (0..<32).map { Int32($0 / 5 % 3) })
  }

  @Test("of another side are scaled by the nearest pixel, up and down")
  func scaled() throws {
    let small = GivenSegments(Supervoxels(labels: [0, 1, 2, 3, 4, 4, 5, 5], frames: 2, size: 2))
    let up = try small.segments(of: clip)
    #expect(Array(up.plane(0)) == [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3])
    #expect(Array(up.plane(1)) == [4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5])
    let large = Supervoxels(labels: (0..<36).map { Int32($0) }, frames: 1, size: 6)
    let one = formulaClip(frames: 1, size: 2) { _, _, _ in (0, 0, 0) }
    // The centres of the two pixels are over pixels 1 and 4 of six.
    #expect(try GivenSegments(large).segments(of: one).count == 4)
    let marked = Supervoxels(
      labels: (0..<36).map { [7, 10, 25, 28].contains($0) ? 1 : 0 }, frames: 1, size: 6)
    #expect(try GivenSegments(marked).segments(of: one).count == 1)
  }

  /// A `.npy` file of `[1, 2, 2]` with elements of `type`.
  private func npy(_ type: String, _ bytes: [UInt8], shape: String = "(1, 2, 2)") throws -> String {
    var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
    while (10 + text.utf8.count + 1) % 64 != 0 { text += " " }
    text += "\n"
    let head: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, UInt8(text.utf8.count), 0]
    return try folder.write(head + Array(text.utf8) + bytes, "labels.npy")
  }

  @Test("are read from every type of integers")
  func types() throws {
    let one = formulaClip(frames: 1, size: 2) { _, _, _ in (0, 0, 0) }
    for (kind, size) in [
      ("u1", 1), ("i1", 1), ("u2", 2), ("i2", 2), ("u4", 4), ("i4", 4), ("u8", 8), ("i8", 8),
    ] {
      for isBig in [false, true] {
        let bytes = [5, 9, 9, 5].flatMap { value -> [UInt8] in
          let element = [UInt8(value)] + [UInt8](repeating: 0, count: size - 1)
          return isBig ? element.reversed() : element
        }
        let path = try npy((size == 1 ? "|" : isBig ? ">" : "<") + kind, bytes)
        #expect(try GivenSegments(npy: path).segments(of: one).labels == [0, 1, 1, 0], "\(kind)")
      }
    }
  }

  @Test("of a wrong shape, of fractions, or of another clip are refused in one line")
  func refused() throws {
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch {
        #expect(error is ExplanationError)
        return "\(error)"
      }
      return "accepted"
    }
    #expect(
      message { _ = try GivenSegments(labels: Tensor(shape: [2, 3, 4], [Float](repeating: 0, count: 24))) }
        == "labels of segments have the shape [T, S, S], not [2, 3, 4]")
    #expect(
      message { _ = try GivenSegments(labels: Tensor(shape: [4, 4], [Float](repeating: 0, count: 16))) }
        == "labels of segments have the shape [T, S, S], not [4, 4]")
    for value in [0.5, .nan, .infinity, 0x1p24] as [Float] {
      #expect(
        message { _ = try GivenSegments(labels: Tensor(shape: [1, 1, 1], [value])) }
          == "labels of segments are whole numbers below 16777216; number them from 0")
    }
    let longer = GivenSegments(Supervoxels(labels: [0, 0, 1], frames: 3, size: 1))
    #expect(
      message { _ = try longer.segments(of: clip) }
        == "the given segments are of 3 frames, the clip has 2; give one plane for each")
    let flat = try npy("|u1", [0, 0, 0, 0], shape: "(1, 4, 1)")
    #expect(
      message { _ = try GivenSegments(npy: flat) }
        == "\(flat): labels of segments have the shape [T, S, S], not [1, 4, 1]")
    let none = folder.path("none.npy")
    let missing = message { _ = try GivenSegments(npy: none) }
    #expect(missing.contains("none.npy") && !missing.contains("\n"))
  }
}
