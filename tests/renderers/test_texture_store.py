"""The ring of pictures: what stays, what goes, and that no living scene's pictures are touched."""

import numpy as np

from renderers import texture_store
from scenes.scene import Texture


def test_a_ring_of_pictures_spares_those_shown_and_those_asked_for_again(monkeypatch):
    """Three pictures of 8 x 8 (85 texels each) where there is room for two: who shows which decides who goes."""
    built = []

    def chain(texture):
        built.append(texture.kind)
        return np.full(85, ord(texture.kind), dtype=np.uint32), 8, 4

    monkeypatch.setattr(texture_store, "mip_chain", chain)
    monkeypatch.setattr(texture_store, "_CAPACITY", 2 * 85 + 20)
    store = texture_store.TextureStore("cpu")
    a, b, c = (Texture.of(kind, metres=1.0) for kind in "abc")

    def kept(texels, places):
        return [set(texels.numpy()[place.offset : place.end].tolist()) for place in places]

    shown, where = store.hold([a])
    store.hold([b])
    store.hold([c])  # for b, though a is older
    assert kept(shown, where) == [{ord("a")}]
    del shown
    store.hold([c])
    store.hold([b])  # for a, though c lies next
    assert built == ["a", "b", "c", "b"]
    store.hold([c])
    assert built == ["a", "b", "c", "b"]
    first, places = store.hold([c, b])
    second, others = store.hold([a])  # no room beside those two: a new array
    assert first.ptr != second.ptr
    assert kept(first, places) == [{ord("c")}, {ord("b")}]
    assert kept(second, others) == [{ord("a")}]


def test_what_living_scenes_show_stays_whatever_comes_and_goes(monkeypatch):
    """Scenes of random pictures of three sizes, up to five of them alive, in a small array: texels are those of their pictures."""

    def chain(texture):
        number = dict(texture.parameters)["number"]
        size = 8 << number % 3
        return np.full((4 * size**2 - 1) // 3, number, dtype=np.uint32), size, 4 + number % 3

    monkeypatch.setattr(texture_store, "mip_chain", chain)
    monkeypatch.setattr(texture_store, "_CAPACITY", 20_000)
    store, rng = texture_store.TextureStore("cpu"), np.random.default_rng(0)
    pictures = [Texture.of("noise", metres=1.0, number=number) for number in range(60)]
    living = []
    for _ in range(400):
        shown = [pictures[k] for k in rng.choice(60, rng.integers(0, 12), replace=False)]
        living.append((shown, *store.hold(shown)))
        while len(living) > rng.integers(1, 6):
            living.pop(rng.integers(len(living)))
        for shown, texels, places in living:
            for picture, place in zip(shown, places, strict=True):
                assert (texels.numpy()[place.offset : place.end] == dict(picture.parameters)["number"]).all()
