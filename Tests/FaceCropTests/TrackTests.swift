import FaceCrop
import Testing
import VideoIO

@Suite("Tracks")
struct TrackTests {
  @Test("two people who cross keep their tracks, also when one hides the other for a frame")
  func crossing() {
    // One walks right, one left, at different heights by a third of a face; in the middle only one is found.
    var script: [[Box]] = []
    for t in 0..<11 {
      let right = Self.box(100 + 40 * t, 200)
      let left = Self.box(500 - 40 * t, 230)
      script.append(t == 5 ? [right] : t % 2 == 0 ? [right, left] : [left, right])
    }
    let tracks = Self.run(script)
    #expect(tracks.count == 2 && tracks.allSatisfy(\.isJudged))
    #expect(tracks.map(\.frames.count) == [11, 10])
    for (track, y) in zip(tracks, [200.0, 230]) {
      #expect(track.frames.allSatisfy { $0.face?.box.y == y }, "track \(track.number) changes its person")
      #expect(track.frames.map(\.index) == track.frames.map(\.index).sorted())
    }
  }

  @Test("one who leaves early is not judged, one who stays half the time is")
  func leaving() {
    let script = (0..<10).map { t in
      [Self.box(100, 100)] + (t < 5 ? [Self.box(400, 100)] : []) + (t >= 6 ? [Self.box(800, 100)] : [])
    }
    let tracks = Self.run(script)
    #expect(tracks.map(\.frames.count) == [10, 5, 4])
    #expect(tracks.map(\.isJudged) == [true, true, false])
    #expect(tracks.map(\.number) == [0, 1, 2])
    #expect(tracks.map { $0.frames[0].face?.box.x } == [100, 400, 800])
  }

  @Test("a spurious detection does not take the face's track along")
  func spurious() {
    let script = (0..<8).map { t in
      (t == 3 ? [Self.box(900, 600, 60)] : []) + [Self.box(100 + t, 100)]
        + (t == 5 ? [Self.box(130, 320, 30)] : [])
    }
    let tracks = Self.run(script)
    #expect(tracks.map(\.frames.count) == [8, 1, 1])
    #expect(tracks.map(\.isJudged) == [true, false, false])
  }

  @Test("a face that moves by most of its size between frames stays one track, one that jumps does not")
  func sparseFrames() {
    #expect(Self.run((0..<6).map { t in [Self.box(100 + 95 * t, 100)] }).map(\.frames.count) == [6])
    #expect(Self.run((0..<6).map { t in [Self.box(100 + 700 * (t % 2), 100)] }).count == 2)
    // As near, but three times as large: somebody else.
    #expect(Self.run([[Self.box(100, 100, 50)], [Self.box(160, 100, 200)]]).count == 2)
  }

  @Test("a face is found again after frames without it")
  func gap() {
    let script = (0..<8).map { t in (2..<5).contains(t) ? [] : [Self.box(100 + 5 * t, 100)] }
    let tracks = Self.run(script)
    #expect(tracks.map(\.frames.count) == [5])
    #expect(tracks[0].frames.map(\.index) == [0, 1, 5, 6, 7])
  }

  @Test("where nobody is there half the time the longest track of three frames is judged, shorter ones never")
  func longest() {
    func script(_ seen: Int) -> [[Box]] {
      (0..<12).map { t in t < seen ? [Self.box(100, 100)] : t >= 9 && t < 11 ? [Self.box(700, 500)] : [] }
    }
    #expect(Self.run(script(4)).map(\.isJudged) == [true, false])
    #expect(Self.run(script(3)).map(\.isJudged) == [true, false])
    #expect(Self.run(script(2)).map(\.isJudged) == [false, false])
  }

  @Test("every face of a single picture is judged")
  func picture() {
    let tracks = Self.run([[Self.box(10, 10), Self.box(300, 10)]])
    #expect(tracks.map(\.isJudged) == [true, true])
    #expect(Self.run([[]]).isEmpty)
    #expect(Self.run([]).isEmpty)
  }

  @Test("each recipe gets its clip, cut as its policy says")
  func recipes() throws {
    let recipes = [CropRecipe(policy: .tight, size: 16), CropRecipe(policy: .scale, size: 24)]
    let box = Self.box(40, 30, 50)
    let image = formulaPicture(200, 150)
    var extractor = FaceExtractor(detector: ScriptedDetector([[box], [box]]), recipes: recipes)
    for t in 0..<2 { try extractor.add(VideoFrame(index: t * 7, time: Double(t), duration: 1, image: image)) }
    let track = try #require(extractor.tracks().first)
    #expect(track.clips.map(\.size) == [16, 24] && track.clip.crops == track.clips[0].crops)
    for (clip, recipe) in zip(track.clips, recipes) {
      #expect(clip.crops == Array(repeating: recipe.policy.crop(image, box, size: recipe.size), count: 2))
      #expect(clip.frames.map(\.index) == [0, 7] && clip.frames.map(\.time) == [0, 1])
      let region = recipe.policy.shownRegion(of: box, width: 200, height: 150, size: recipe.size)
      #expect(clip.frames.allSatisfy { $0.region == region && $0.face?.box == box })
    }
    #expect(track.clips[0].frames != track.clips[1].frames && track.frames.allSatisfy { $0.region == nil })
  }

  @Test("of too many faces the most confident ones are kept")
  func crowd() throws {
    struct Crowd: FaceDetector {
      func faces(in image: RGBImage) -> [Face] {
        (0..<30).map { Face(box: TrackTests.box(60 * $0, 0, 40), confidence: Double($0) / 30) }
      }
    }
    var extractor = FaceExtractor(
      detector: Crowd(), recipes: [CropRecipe(size: 4)], maximumFacesPerFrame: 5)
    let faces = try extractor.add(RGBImage(width: 2000, height: 50))
    #expect(faces.map(\.box.x) == [29, 28, 27, 26, 25].map { Double($0 * 60) })
    #expect(extractor.tracks().count == 5)
  }

  @Test("frames added together give the tracks and crops that they give one by one")
  func together() throws {
    let script = (0..<9).map { t in
      t == 4 ? [] : [Self.box(20 + 3 * t, 40)] + (t % 3 == 0 ? [Self.box(250, 30, 60)] : [])
    }
    let frames = script.indices.map {
      VideoFrame(index: $0 * 5, time: Double($0), duration: 1, image: formulaPicture(320 + $0, 200))
    }
    let recipes = [CropRecipe(size: 20), CropRecipe(policy: .tight, size: 12)]
    var alone = FaceExtractor(detector: ScriptedDetector(script), recipes: recipes)
    let found = try frames.map { try alone.add($0) }
    var together = FaceExtractor(detector: ScriptedDetector(script), recipes: recipes)
    let parts = [0..<4, 4..<4, 4..<5, 5..<9]
    #expect(try parts.flatMap { try together.add(Array(frames[$0])) } == found)
    #expect(together.frameCount == 9 && found.map(\.count) == script.map(\.count))
    let tracks = (alone.tracks(), together.tracks())
    #expect(tracks.0.count == 2 && tracks.0.map(\.isJudged) == tracks.1.map(\.isJudged))
    for (a, b) in zip(tracks.0, tracks.1) {
      #expect(a.frames == b.frames && a.clips.map(\.crops) == b.clips.map(\.crops))
    }
  }

  static func box(_ x: Int, _ y: Int, _ side: Int = 100) -> Box {
    Box(x: Double(x), y: Double(y), width: Double(side), height: Double(side))
  }

  static func run(_ script: [[Box]]) -> [FaceTrack] {
    var extractor = FaceExtractor(
      detector: ScriptedDetector(script), recipes: [CropRecipe(policy: .tight, size: 1)])
    for t in script.indices {
      // The scripted detector throws nothing.
      _ = try? extractor.add(RGBImage(width: 8, height: 8), index: t, time: Double(t))
    }
    return extractor.tracks()
  }
}
