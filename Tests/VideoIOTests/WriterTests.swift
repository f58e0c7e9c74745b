import Testing
import VideoIO

@Suite("Writing videos")
struct WriterTests {
  @Test("what is written is read again, frame by frame, with its durations")
  func roundTrip() throws {
    let folder = try Folder()
    let path = folder.path("a.mp4")
    let durations = (0..<40).map { [0.04, 0.5, 1.0 / 30, 0.1][$0 % 4] }
    var writer = try VideoWriter(path: path, width: 192, height: 96)
    for (i, duration) in durations.enumerated() { try writer.append(Numbered.image(i), duration: duration) }
    try writer.finish()

    var reader = try VideoReader(path: path)
    #expect(reader.properties.frameCount == 40)
    #expect(reader.properties.width == 192)
    var frames: [VideoFrame] = []
    try reader.frames(at: Array(0..<40)) { frames.append($0) }
    var time = 0.0
    for (i, frame) in frames.enumerated() {
      #expect(frame.index == i)
      #expect(Numbered.number(frame.image) == i)
      #expect(abs(frame.time - time) < 1e-4)
      #expect(abs(frame.duration - durations[i]) < 1e-4)
      time += durations[i]
    }
    #expect(abs(reader.properties.duration - time) < 1e-4)
    #expect(try reader.numbers(at: [3, 17, 38]) == [3, 17, 38])
    #expect(try reader.numbers(at: [2, 39]) == [2, 39])
  }
}
