import CWhyFakeVideo

/// Images: JPEG and PNG in and out.
public enum ImageFile {
  /// Reads a JPEG or a PNG file, told apart by content.
  ///
  /// The EXIF orientation is applied. Grey becomes RGB, 16 bits become 8, transparency is dropped (as PIL's
  /// `convert("RGB")` does). Colour profiles are ignored.
  public static func read(_ path: String) throws(VideoError) -> RGBImage {
    try decode(WholeFile.read(path, limit: 1 << 31 - 65), path: path)
  }

  /// Decodes the bytes of a JPEG or a PNG file, as ``read(_:)`` does; `path` is for errors.
  public static func decode(_ bytes: [UInt8], path: String = "") throws(VideoError) -> RGBImage {
    if bytes.isEmpty { throw VideoError(reading: path, CInt(WF_EMPTY)) }
    guard let layout = ImageLayout(bytes) else {
      throw VideoError(
        code: .notRecognised, message: "this is neither a JPEG nor a PNG image; convert it to one of them",
        path: path)
    }
    guard layout.isComplete else {
      throw VideoError(code: .damaged, message: "the image is cut short or damaged; get it again", path: path)
    }
    if layout.width > Int(WF_MAX_SIDE) || layout.height > Int(WF_MAX_SIDE)
      || layout.width * layout.height > Int(WF_MAX_PIXELS)
    {
      throw VideoError(reading: path, CInt(WF_TOO_LARGE))
    }
    var handle: OpaquePointer?
    let opened = bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { wf_image_open($0, bytes.count, CInt(layout.kind.code), &handle) }
        ?? CInt(WF_EMPTY)
    }
    guard opened == WF_OK, let handle else { throw VideoError(reading: path, opened) }
    defer { wf_image_close(handle) }
    var storedWidth: Int32 = 0
    var storedHeight: Int32 = 0
    wf_image_size(handle, &storedWidth, &storedHeight)
    let (width, height) = layout.orientation.upright(Int(storedWidth), Int(storedHeight))
    var converted: CInt = 0
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      converted = wf_image_convert(handle, layout.orientation.bits, buffer.baseAddress!)
      count = converted == WF_OK ? width * height * 3 : 0
    }
    guard converted == WF_OK else { throw VideoError(reading: path, converted) }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// The image as the bytes of a PNG file.
  public static func png(_ image: RGBImage) throws(VideoError) -> [UInt8] {
    try encode(image, .png, quality: 100, path: "")
  }

  /// The image as the bytes of a JPEG file (4:2:0); quality from 1 to 100.
  public static func jpeg(_ image: RGBImage, quality: Int = 90) throws(VideoError) -> [UInt8] {
    precondition((1...100).contains(quality), "ImageFile.jpeg: quality \(quality) is not within 1 and 100")
    return try encode(image, .jpeg, quality: quality, path: "")
  }

  /// Writes the image as PNG or JPEG, as the name ends (`.png`, `.jpg`, `.jpeg`); whole or not at all.
  public static func write(_ image: RGBImage, to path: String) throws(VideoError) {
    let name = path.lowercased()
    let bytes: [UInt8]
    if name.hasSuffix(".png") {
      bytes = try encode(image, .png, quality: 100, path: path)
    } else if name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") {
      bytes = try encode(image, .jpeg, quality: 90, path: path)
    } else {
      throw VideoError(
        code: .unsupported, message: "images are written as .png or .jpg; end the name with one of them",
        path: path)
    }
    try WholeFile.write(bytes, to: path)
  }

  private static func encode(
    _ image: RGBImage, _ kind: ImageLayout.Kind, quality: Int, path: String
  ) throws(VideoError) -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    let result = image.pixels.withUnsafeBufferPointer { pixels in
      wf_image_encode(
        pixels.baseAddress!, CInt(image.width), CInt(image.height), CInt(kind.code), CInt(quality), &bytes,
        &count)
    }
    guard result == WF_OK, let bytes else { throw VideoError(writing: path, result) }
    defer { wf_bytes_free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}

/// What a file is, so far as a look at its head tells.
public enum MediaKind: String, Sendable {
  /// A container with a video stream (an animated GIF is one), or one that is too damaged to see.
  case video
  /// A JPEG or PNG image.
  case image
  /// Anything else: text, sound, an empty file.
  case neither

  /// Looks at the content of a file, not at its name. Cheap: reads the head of the file, decodes nothing.
  public static func probe(_ path: String) throws(VideoError) -> MediaKind {
    let head = try WholeFile.read(path, limit: 16)
    if ImageLayout.kind(head) != nil { return .image }
    let result = wf_video_probe(path)
    if result < 0 { throw VideoError(reading: path, result) }
    return result == 1 ? .video : .neither
  }
}
