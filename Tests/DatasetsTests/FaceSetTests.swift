import Datasets
import Testing

@Suite("Face sets") struct FaceSetTests {
  @Test("a folder without an index is refused by name") func missing() {
    #expect(throws: DatasetError.self) { try FaceSet("/nowhere") }
  }
}
