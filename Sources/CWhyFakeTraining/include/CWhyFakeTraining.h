/// The C side of module Training: loops over the pixels of face crops.
///
/// Functions are single-threaded; Swift checks sizes. Planes are floats, row by row, levels of 0 to 255 unless it says
/// otherwise. All give the same bits with every instruction set: no multiplication is fused with an addition, and sums
/// are taken in one order.
#ifndef CWHYFAKE_TRAINING_H
#define CWHYFAKE_TRAINING_H

#include <stdbool.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// simd.c

/// Which vector instructions to use: the best that the CPU has, unless the environment variable WHYFAKE_KERNELS asks
/// for fewer (avx512, avx2; any other name means what the compiler makes of plain C).
typedef enum { WF_TRAINING_PLAIN, WF_TRAINING_AVX2, WF_TRAINING_AVX512 } wf_training_set;

/// The set in use.
wf_training_set wf_training_kernels(void);
/// For tests: takes `set`, or the best below it that the CPU has; the set taken.
wf_training_set wf_training_use(wf_training_set set);

// warp.c

/// The point of the input under the centre of output pixel (0, 0), in pixels whose edges are whole numbers, and how it
/// moves with each step of an output column and row.
typedef struct {
  float x, y, x_column, y_column, x_row, y_row;
} wf_affine;

/// Where column or row `i` of a picture of `count` lies when it is reflected at the centres of the edge's pixels.
intptr_t wf_reflected(intptr_t i, intptr_t count);

/// A picture of pixels of `channels` values (3: RGB bytes; 1: floats) through `map`, each output pixel a triangle of half
/// widths `reach_x`, `reach_y` (input pixels, at least 1) around its point; what lies outside is reflected. False if
/// there is no memory.
bool wf_warp_rgb(const uint8_t *in, intptr_t width, intptr_t height, wf_affine map, float reach_x, float reach_y,
                 uint8_t *out, intptr_t out_width, intptr_t out_height);
bool wf_warp_plane(const float *in, intptr_t width, intptr_t height, wf_affine map, float reach_x, float reach_y,
                   float *out, intptr_t out_width, intptr_t out_height);

// planes.c

/// RGB bytes to three planes, through a matrix of three rows of four (the fourth column is added), held within 0 and 255.
void wf_planes_through(const uint8_t *rgb, intptr_t count, const float matrix[_Nonnull 12], float *planes);
/// Three planes of `count` to RGB bytes: rounded (ties to even), held within 0 and 255.
void wf_rgb_of_planes(const float *planes, intptr_t count, uint8_t *rgb);
/// Rounds to whole levels (ties to even) within 0 and 255.
void wf_levels(float *plane, intptr_t count);
/// Adds noise of mean 0 and the given standard deviation: the sum of four bytes of a hash of seed and position, which is
/// near to normal and never beyond 3.46 deviations.
void wf_add_noise(float *plane, intptr_t count, uint32_t seed, float deviation);
/// Convolves rows and columns with `taps` (an odd number of them, symmetric); edges are reflected at their pixels'
/// centres. `scratch` has room for `width * height` and `width + taps` floats.
void wf_blur(float *plane, intptr_t width, intptr_t height, const float *taps, intptr_t count, float *scratch);
/// out = a · mask + b · (1 − mask) for three planes of `count` and one mask in [0, 1].
void wf_blend(const float *a, const float *b, const float *mask, intptr_t count, float *out);
/// The mean over the channels of |a − b| / 255 of RGB bytes.
void wf_difference(const uint8_t *a, const uint8_t *b, intptr_t count, float *plane);

// hull.c

/// A convex polygon and a field that bends the plane it is looked at through.
typedef struct {
  const float *_Nonnull edges;  // for each edge its outward unit normal x, y and its distance from (0, 0)
  intptr_t edge_count;
  const float *_Nonnull shifts; // grid·grid shifts in x, then as many in y: control points of cubic B-splines
  intptr_t grid;                // 4 or more
} wf_hull;

/// 1 where the shifted pixel lies in the polygon, 0 where not and at the picture's edge, in between within half a pixel of
/// the polygon's edge. `scratch` has room for `4 * width + 2 * grid` floats.
void wf_hull_mask(wf_hull hull, intptr_t width, intptr_t height, float *out, float *scratch);
/// Values of less than `least` become 0.
void wf_cut_below(float *plane, intptr_t count, float least);
/// Multiplies by `factor` and holds within 0 and 1.
void wf_scale_share(float *plane, intptr_t count, float factor);
/// plane += amount · (plane − blurred).
void wf_sharpen(float *plane, const float *blurred, intptr_t count, float amount);

// align.c

/// Half the differences of a plane's neighbours: to the right less to the left, below less above. 0 at the plane's edge.
void wf_slopes(const float *plane, intptr_t width, intptr_t height, float *across, float *down);
/// Sums of a², b², a · b, and of a · b with b moved by one value back and forth in steps of `step`, over `columns`×`rows`
/// values of planes of `width` that begin at `a` and `b`; the values around are there too.
void wf_correlate(const float *a, const float *b, intptr_t width, intptr_t columns, intptr_t rows, intptr_t step,
                  float sums[_Nonnull 5]);

// jpeg.c

/// Bytes that `wf_jpeg` needs as scratch.
intptr_t wf_jpeg_scratch(intptr_t width, intptr_t height);
/// What a JPEG file at `quality` (1 to 100, the Independent JPEG Group's scale and the standard's example tables), with
/// halved chroma in both directions, would make of three planes of whole levels, R, G and B; whole levels again. The
/// picture begins (`left`, `top`), each 0 to 15, inside its first block of 16. Chroma is averaged on the way in and
/// repeated on the way out.
void wf_jpeg(float *planes, intptr_t width, intptr_t height, int quality, int left, int top, void *scratch);

#pragma clang assume_nonnull end

#endif
