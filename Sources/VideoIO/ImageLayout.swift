import CWhyFakeVideo

/// What the frame of a JPEG or PNG file tells without decoding: size, orientation, and whether its end is there.
struct ImageLayout {
  enum Kind {
    case png, jpeg

    var code: Int { self == .png ? Int(WF_PNG) : Int(WF_JPEG) }
  }

  let kind: Kind
  private(set) var width = 0
  private(set) var height = 0
  private(set) var orientation = Orientation.upright
  /// Whether the structure holds up to the end mark.
  private(set) var isComplete = false

  /// The kind of image that starts with `head`.
  static func kind(_ head: [UInt8]) -> Kind? {
    if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    if head.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
    return nil
  }

  init?(_ bytes: [UInt8]) {
    guard let kind = ImageLayout.kind(bytes) else { return nil }
    self.kind = kind
    switch kind {
    case .png: walkPNG(bytes)
    case .jpeg: walkJPEG(bytes)
    }
  }

  private mutating func walkPNG(_ bytes: [UInt8]) {
    var at = 8
    while let length = number(bytes, at, 4), at + 12 + length <= bytes.count {
      let name = bytes[at + 4..<at + 8]
      let body = at + 8..<at + 8 + length
      if name.elementsEqual("IHDR".utf8), length >= 8 {
        width = number(bytes, body.lowerBound, 4) ?? 0
        height = number(bytes, body.lowerBound + 4, 4) ?? 0
      } else if name.elementsEqual("eXIf".utf8) {
        orientation = exifOrientation(bytes[body])
      } else if name.elementsEqual("IEND".utf8) {
        isComplete = width > 0 && height > 0
        return
      }
      at += 12 + length
    }
  }

  private mutating func walkJPEG(_ bytes: [UInt8]) {
    var at = 2
    while at + 4 <= bytes.count, bytes[at] == 0xFF {
      let mark = bytes[at + 1]
      if mark == 0xFF {  // fill
        at += 1
        continue
      }
      guard let length = number(bytes, at + 2, 2), length >= 2, at + 2 + length <= bytes.count else { return }
      let body = at + 4..<at + 2 + length
      switch mark {
      case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
        height = number(bytes, at + 5, 2) ?? 0
        width = number(bytes, at + 7, 2) ?? 0
      case 0xE1 where bytes[body].starts(with: Array("Exif\0\0".utf8)):
        orientation = exifOrientation(bytes[body].dropFirst(6))
      case 0xDA:  // The scans begin; the end mark may have anything after it.
        var last = bytes.count - 2
        while last >= body.upperBound, !(bytes[last] == 0xFF && bytes[last + 1] == 0xD9) { last -= 1 }
        isComplete = last >= body.upperBound && width > 0 && height > 0
        return
      default: break
      }
      at += 2 + length
    }
  }

  /// The big-endian number of `size` bytes at `at`.
  private func number(_ bytes: [UInt8], _ at: Int, _ size: Int) -> Int? {
    guard at >= 0, at + size <= bytes.count else { return nil }
    return bytes[at..<at + size].reduce(0) { $0 << 8 | Int($1) }
  }

  /// Tag 0x0112 of the first directory of a TIFF structure.
  private func exifOrientation(_ tiff: ArraySlice<UInt8>) -> Orientation {
    let tiff = Array(tiff)
    let isLittle = tiff.starts(with: [0x49, 0x49, 0x2A, 0])
    guard isLittle || tiff.starts(with: [0x4D, 0x4D, 0, 0x2A]) else { return .upright }
    func value(_ at: Int, _ size: Int) -> Int? {
      guard at >= 0, at + size <= tiff.count else { return nil }
      let part = tiff[at..<at + size]
      return isLittle ? part.reversed().reduce(0) { $0 << 8 | Int($1) } : part.reduce(0) { $0 << 8 | Int($1) }
    }
    guard let directory = value(4, 4), let count = value(directory, 2) else { return .upright }
    for i in 0..<count {
      let entry = directory + 2 + 12 * i
      guard let tag = value(entry, 2) else { break }
      if tag == 0x0112 { return Orientation(exif: value(entry + 8, 2) ?? 1) }
    }
    return .upright
  }
}
