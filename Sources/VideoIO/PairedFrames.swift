/// Frames of a fake beside those of its original.
package enum PairedFrames {
  /// Where a fake's frame lies in its original's: some methods cut a few columns off both sides, so that a width is a
  /// multiple of 16 (854 to 832 in FaceForensics++). Nil for sizes that are further apart than 5 %.
  package static func offset(
    of fake: (width: Int, height: Int), in original: (width: Int, height: Int)
  ) -> (x: Int, y: Int)? {
    let (x, y) = (original.width - fake.width, original.height - fake.height)
    guard abs(x) * 20 <= original.width, abs(y) * 20 <= original.height else { return nil }
    return (x / 2, y / 2)
  }
}
