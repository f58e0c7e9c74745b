#include "CWhyFakeVideo.h"
