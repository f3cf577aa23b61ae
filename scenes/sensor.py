"""What stands between exact radiance and a recorded picture, and between exact depth and a measured one: settings only.

Both are part of a scene, so that a picture can be made again. They never touch a label: a sensor changes `rgb`, a depth sensor
gives `sensor_depth`. The default `Sensor` is a perfect camera: pinhole, instantaneous, three noiseless channels at every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from scenes.errors import UserError

BAYER_PATTERNS = ("RGGB", "BGGR", "GRBG", "GBRG")
DEMOSAICS = ("bilinear", "malvar")
# Settings that shape an effect but do not switch it on.
_SHAPING = ("focus_distance_m", "temporal_samples", "demosaic", "white_level", "black_level")


def _check(setting: str, value: float, low: float, high: float, *, above: bool = False) -> None:
    """UserError unless `value` is in [low, high], or in (low, high] when it must lie `above` low; NaN never is."""
    if not (low < value <= high if above else low <= value <= high):
        bounds = f"above {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"
        raise UserError(f"the sensor's {setting} must be {bounds}, not {value}")


def _check_known(setting: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UserError(f"the sensor's {setting} {value!r} is unknown: choose one of {', '.join(known)}")


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """A camera behind its pinhole projection. `Scene.exposure` scales the light; every other property is here, and off by default.

    Lens:
        vignetting: 0 ... 1, how much of the natural cos^4 fall-off towards the corners is left.
        chromatic_aberration_px: how far red and blue lie outside green (inside where negative) half an image diagonal from the
            principal point; it grows linearly with the distance from there.
        aperture_m: diameter of the thin lens in metres, 0 for a pinhole (a lens of focal length F at f-number N has F / N).
        focus_distance_m: camera z that is sharp.
    Exposure time, in frame intervals:
        shutter: how long a row is exposed, 0 ... 1.
        readout: how long the rolling shutter takes from the image's upper border to the lower one, 0 ... 1.
        temporal_samples: how many instants are rendered for one frame when either is above 0.
    Photosites:
        channel_response: raw signal of the three channels for white light.
        white_balance: gains after the read-out; 1 / channel_response keeps white white, anything else is a colour cast.
        bayer: the four colours of the mosaic, row by row ("RGGB", ...), or None for three full channels.
        demosaic: "bilinear", or "malvar" (Malvar, He and Cutler 2004).
        full_well_electrons: electrons of a full photosite, which make shot noise; None for noiseless light.
        read_noise_electrons: standard deviation.
        white_level: exposed radiance that fills a photosite whose response is 1 (used with full_well_electrons or adc_bits).
        adc_bits: bits of the converter, None for continuous values; black_level: its value without light, as a share of its range
            (0 cuts off the negative half of the read noise).
    File:
        jpeg_quality: 1 ... 100, None for no compression.
    """

    vignetting: float = 0.0
    chromatic_aberration_px: tuple[float, float] = (0.0, 0.0)
    aperture_m: float = 0.0
    focus_distance_m: float = 2.0
    shutter: float = 0.0
    readout: float = 0.0
    temporal_samples: int = 8
    channel_response: tuple[float, float, float] = (1.0, 1.0, 1.0)
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bayer: str | None = None
    demosaic: str = "malvar"
    full_well_electrons: float | None = None
    read_noise_electrons: float = 0.0
    white_level: float = 2.0
    adc_bits: int | None = None
    black_level: float = 0.0
    jpeg_quality: int | None = None

    def __post_init__(self) -> None:
        _check("vignetting", self.vignetting, 0, 1)
        for shift in self.chromatic_aberration_px:
            _check("chromatic_aberration_px", shift, -100, 100)
        _check("aperture_m", self.aperture_m, 0, 1)
        _check("focus_distance_m", self.focus_distance_m, 0, 1e6, above=True)
        _check("shutter", self.shutter, 0, 1)
        _check("readout", self.readout, 0, 1)
        _check("temporal_samples", self.temporal_samples, 2, 4096)
        for gain in (*self.channel_response, *self.white_balance):
            _check("channel_response and white_balance", gain, 0, 100, above=True)
        _check("read_noise_electrons", self.read_noise_electrons, 0, 1e6)
        _check("white_level", self.white_level, 0, 1e6, above=True)
        _check("black_level", self.black_level, 0, 0.5)
        if self.bayer is not None:
            _check_known("bayer", self.bayer, BAYER_PATTERNS)
        _check_known("demosaic", self.demosaic, DEMOSAICS)
        if self.full_well_electrons is not None:
            _check("full_well_electrons", self.full_well_electrons, 1, 1e9)
        elif self.read_noise_electrons > 0:
            raise UserError("read_noise_electrons has no meaning without full_well_electrons: give both, for example 3 and 10000")
        if self.adc_bits is not None:
            _check("adc_bits", self.adc_bits, 1, 24)
        elif self.black_level > 0:
            raise UserError("black_level belongs to a converter: give adc_bits too, for example 12")
        if self.jpeg_quality is not None:
            _check("jpeg_quality", self.jpeg_quality, 1, 100)

    @property
    def is_perfect(self) -> bool:
        """Whether every effect is off, so that a picture is the exposed radiance through the tone curve and nothing else."""
        return all(getattr(self, f.name) == f.default for f in fields(self) if f.name not in _SHAPING)


@dataclass(frozen=True, kw_only=True)
class DepthSensor:
    """A structured-light depth camera: one camera that matches the pattern of a projector `baseline_m` to its right (camera x).

    The values follow the first Kinect: baseline 7.5 cm, focal length about 585 px at 640x480, disparity in steps of 1/8 px, range
    0.5 ... 5 m, depth error growing with the square of depth (Khoshelham and Oude Elberink, Sensors 2012); the match is found up to
    half a pixel beside the pixel, and its disparity has Gaussian noise of 1/6 step (Barron and Malik, CVPR 2013; Handa et al., ICRA
    2014). The largest incidence angle is our choice.

    focal_length_px: that of the infrared image in which disparity is measured; None for the scene's camera.
    disparity_step_px: 0 for continuous disparity.
    max_incidence_deg: angle between the ray and the surface normal above which no match is found; 90 for no limit.
    shadows: whether points that the projector does not see have no depth.
    min_return: the light that must come back, as a share of what a white wall at 1 m returns head-on (albedo * cos / depth^2);
        0 for no limit. Used only where albedo is given.
    """

    baseline_m: float = 0.075
    focal_length_px: float | None = None
    disparity_step_px: float = 0.125
    disparity_noise_px: float = 0.125 / 6
    shift_noise_px: float = 0.5
    min_depth_m: float = 0.5
    max_depth_m: float = 5.0
    max_incidence_deg: float = 80.0
    shadows: bool = True
    min_return: float = 0.0

    def __post_init__(self) -> None:
        _check("baseline_m", self.baseline_m, 0, 100, above=True)
        if self.focal_length_px is not None:
            _check("focal_length_px", self.focal_length_px, 0, 1e6, above=True)
        _check("disparity_step_px", self.disparity_step_px, 0, 16)
        _check("disparity_noise_px", self.disparity_noise_px, 0, 100)
        _check("shift_noise_px", self.shift_noise_px, 0, 100)
        _check("min_depth_m", self.min_depth_m, 0, 1e6)
        _check("max_depth_m", self.max_depth_m, self.min_depth_m, 1e6, above=True)
        _check("max_incidence_deg", self.max_incidence_deg, 0, 90, above=True)
        _check("min_return", self.min_return, 0, 1e6)


# Cameras by name, for settings that are text. The figures are typical of their kind, not of a product.
SENSORS: dict[str, Sensor] = {
    "perfect": Sensor(),
    "webcam": Sensor(
        vignetting=0.6,
        chromatic_aberration_px=(0.4, -0.5),
        bayer="RGGB",
        full_well_electrons=4000,
        read_noise_electrons=6,
        adc_bits=10,
        black_level=0.0625,
        jpeg_quality=75,
    ),
    "phone": Sensor(
        vignetting=0.4,
        shutter=0.5,
        readout=0.6,
        bayer="RGGB",
        full_well_electrons=6000,
        read_noise_electrons=3,
        adc_bits=10,
        black_level=0.0625,
        jpeg_quality=92,
    ),
    "reflex": Sensor(
        vignetting=0.7,
        aperture_m=0.012,
        focus_distance_m=2.5,
        shutter=0.25,
        bayer="RGGB",
        full_well_electrons=50000,
        read_noise_electrons=4,
        adc_bits=14,
        black_level=0.03125,
    ),
}
DEPTH_SENSORS: dict[str, DepthSensor | None] = {"none": None, "structured_light": DepthSensor()}
