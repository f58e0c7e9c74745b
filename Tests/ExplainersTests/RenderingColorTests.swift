import Explainers
import Testing
import VideoIO

@Suite("Colours of maps")
struct RenderingColorTests {
  @Test("viridis and inferno grow brighter all the way", arguments: [ColorMap.viridis, .inferno])
  func brightness(map: ColorMap) {
    let steps = map.colors.map(\.luminance)
    #expect(map.colors.count == 256)
    // Rounding to 8 bits may take back less than a level.
    #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 <= $1 + 0.002 })
    #expect(zip(steps, steps.dropFirst(4)).allSatisfy { $0 < $1 })
    #expect(steps[255] > steps[128] + 0.2 && steps[128] > steps[0] + 0.1)
  }

  @Test("a scale begins and ends with its first and last stop")
  func ends() {
    #expect(ColorMap.viridis.color(0) == RGBColor(0x44, 0x01, 0x54))
    #expect(ColorMap.viridis.color(1) == RGBColor(0xFD, 0xE7, 0x25))
    let grey = ColorMap(name: "grey", stops: [RGBColor(0, 0, 0), RGBColor(255, 255, 255)])
    #expect(grey.color(0.2) == RGBColor(51, 51, 51))
  }

  @Test("values outside the scale take its ends, and what is no number the lowest colour")
  func outside() {
    let map = ColorMap.viridis
    #expect(map.color(-3) == map.colors[0])
    #expect(map.color(7) == map.colors[255])
    #expect(map.color(.infinity) == map.colors[255])
    #expect(map.color(.nan) == map.colors[0])
  }

  @Test("the diverging scale is blue for real, red for fake and palest in the middle")
  func diverging() {
    let map = ColorMap.diverging
    let (low, middle, high) = (map.color(0), map.color(0.5), map.color(1))
    #expect(low.blue > low.red && high.red > high.blue)
    #expect(map.colors.allSatisfy { $0.luminance <= middle.luminance + 0.01 })
    #expect(Int(middle.red) - Int(middle.blue) < 4)
  }
}

@Suite("Maps over crops")
struct RenderingMapTests {
  /// A crop in which every pixel has a colour of its own.
  static func crop(_ side: Int) -> RGBImage {
    var image = RGBImage(width: side, height: side)
    for i in image.pixels.indices { image.pixels[i] = UInt8((i * 37 + i / 7) % 251) }
    return image
  }

  @Test("where nothing is relevant the crop stays as it was, to the last bit")
  func untouched() {
    let crop = Self.crop(9)
    var relevance = [Float](repeating: 0, count: 81)
    relevance[40] = 1
    relevance[41] = .nan
    relevance[42] = -1
    let shown = MapOverlay().relevance(relevance, over: crop)
    for i in 0..<81 where i != 40 {
      #expect(shown[i % 9, i / 9] == crop[i % 9, i / 9])
    }
    #expect(shown[4, 4] != crop[4, 4])
  }

  @Test("at relevance 1 a pixel takes the stated share of the hottest colour")
  func peak() {
    let crop = RGBImage(width: 1, height: 1, red: 100, green: 100, blue: 100)
    let hot = ColorMap.viridis.color(1)
    #expect(MapOverlay(opacity: 1).relevance([1], over: crop)[0, 0] == (hot.red, hot.green, hot.blue))
    let half = MapOverlay(opacity: 0.5).relevance([1], over: crop)[0, 0]
    #expect(abs(Int(half.red) - (100 + Int(hot.red)) / 2) <= 1)
    #expect(abs(Int(half.blue) - (100 + Int(hot.blue)) / 2) <= 1)
  }

  @Test("a larger gamma lets weak relevance fade")
  func gamma() {
    let crop = RGBImage(width: 1, height: 1, red: 255, green: 255, blue: 255)
    let soon = MapOverlay(gamma: 0.5).relevance([0.2], over: crop)[0, 0]
    let late = MapOverlay(gamma: 2).relevance([0.2], over: crop)[0, 0]
    #expect(soon.red < late.red && late.red < 255)
  }

  @Test("a signed map is red where it speaks for fake, blue where it speaks for real")
  func signed() {
    let crop = RGBImage(width: 3, height: 1, red: 128, green: 128, blue: 128)
    let shown = MapOverlay().signed([-2, 0, 2], peak: 2, over: crop)
    #expect(shown[0, 0].blue > shown[0, 0].red)
    #expect(shown[1, 0] == (128, 128, 128))
    #expect(shown[2, 0].red > shown[2, 0].blue)
    #expect(MapOverlay().signed([-2, 0, 2], peak: 0, over: crop) == crop)
  }

  @Test("a contact strip is the crop, then the crop under each map")
  func strip() {
    let crop = Self.crop(8)
    let nothing = [Float](repeating: 0, count: 64)
    let strip = ContactSheet.strip(crop: crop, relevance: [nothing, nothing], side: 8)
    #expect(strip.width == 3 * 8 + 2 * 4 && strip.height == 8)
    for left in [0, 12, 24] {
      #expect(strip[left + 3, 5] == crop[3, 5])
    }
    let sheet = ContactSheet.sheet([strip, crop])
    #expect(sheet.width == strip.width && sheet.height == 8 + 4 + 8)
    #expect(sheet[2, 13] == crop[2, 1])
  }
}
