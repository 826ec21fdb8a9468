"""A figure carries its words, a map its range, a table its headers."""

from itertools import pairwise

import matplotlib as mpl
import pytest
import torch
from IPython.testing.globalipapp import start_ipython
from IPython.utils.capture import capture_output
from matplotlib import pyplot as plt

import haze_course as hc
from haze_course.plots.web import html_figure, html_images
from haze_course.quality.statistics import Interval


@pytest.fixture(scope="module")
def shown():
    """Run something that displays and hand back the displayed bundles."""
    start_ipython()

    def run(call, *args, **kwargs):
        with capture_output() as captured:
            call(*args, **kwargs)
        return captured.outputs

    return run


@pytest.fixture
def panels(generator):
    hazy = torch.rand(1, 3, 12, 18, generator=generator)
    return {"hazy": hazy, "depth": 5 * hazy[:, :1], "transmission": hazy[:, :1]}


def test_a_figure_reaches_the_page_with_its_words(shown, panels):
    picture, caption = shown(hc.plots.show_images, "A veil over noise.", **panels)
    assert picture.data["text/plain"] == "A veil over noise."
    assert picture.metadata["image/jpeg"]["alt"] == "A veil over noise."
    assert picture.data["image/jpeg"]
    assert caption.data["text/markdown"] == "*A veil over noise.*"


def test_a_credit_stands_below(shown, panels):
    _, caption = shown(hc.plots.show_images, "Noise.", credit="A. Author, CC-BY-4.0", **panels)
    assert "Picture: A. Author, CC-BY-4.0." in caption.data["text/markdown"]


def test_a_figure_without_words_is_refused(panels):
    with pytest.raises(ValueError, match="alt: expected a sentence"):
        hc.plots.show_images(" ", **panels)


@pytest.mark.parametrize("shape", [(4, 3, 8, 8), (2, 1, 8, 8), (1, 4, 8, 8), (1, 2, 8, 8)])
def test_what_no_panel_can_show_is_refused(shape):
    """Of a batch only the first would be seen, and of four channels only one."""
    panels = {"hazy": torch.rand(1, 3, 8, 8), "many": torch.rand(shape)}
    message = r"many: expected \(1, 3, H, W\) or \(1, 1, H, W\), got \(\d, \d, 8, 8\)"
    with pytest.raises(ValueError, match=message):
        hc.plots.draw_images(**panels)
    with pytest.raises(ValueError, match=message):
        html_images(panels, "Noise.", dot=None)


def test_panels_are_titled_by_their_names_and_notes(panels):
    figure = hc.plots.draw_images(notes={"hazy": "11.5 dB"}, **panels)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["hazy\n11.5 dB", "depth", "transmission"]


def _limits(figure):
    return {
        axes.get_title(): axes.images[0].get_clim()
        for axes in figure.axes
        if axes.get_title() and axes.images
    }


def test_shares_of_light_run_from_0_to_1_and_compared_maps_share_limits(panels):
    one = panels["depth"]
    figure = hc.plots.draw_images(transmission=panels["transmission"], near=one, far=3 * one)
    limits = _limits(figure)
    assert limits["transmission"] == (0, 1)
    assert limits["near"] == limits["far"]
    assert limits["far"][1] == pytest.approx(float(3 * one.max()))


def test_different_quantities_keep_their_own_limits(panels):
    depth = panels["depth"]
    limits = _limits(hc.plots.draw_images(depth=100 * depth, error=depth, difference=depth))
    assert limits["depth"][1] > 50 > limits["error"][1]
    assert limits["difference"][1] == pytest.approx(float(depth.max()))


def test_a_difference_has_zero_in_the_middle(panels):
    low, high = _limits(hc.plots.draw_images(difference=panels["depth"] - 1))["difference"]
    assert low == -high


def test_a_far_sky_does_not_swallow_the_depth(panels):
    depth = panels["depth"].clone()
    depth[:, :, :3] = 50
    assert _limits(hc.plots.draw_images(depth=depth))["depth"][1] <= 5


@pytest.mark.parametrize("count", range(1, 9))
def test_any_number_of_panels_fits_the_page(panels, count):
    many = {f"panel_{k}": panels["hazy"] for k in range(count)}
    figure = hc.plots.draw_images(**many)
    assert figure.get_figwidth() <= hc.plots.figures.WIDTH + 1e-6


def test_lines_differ_by_more_than_colour():
    figure = hc.plots.draw_curves(x_label="step", y_label="loss", alone=[3, 2], taught=[3, 1])
    lines = figure.axes[0].lines
    assert len({line.get_linestyle() for line in lines}) == 2
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "alone",
        "taught",
    ]


@pytest.mark.parametrize(("series", "points"), [
    ((3.0, 2.0), [[0, 3], [1, 2]]),
    (([5, 6], torch.tensor([3.0, 2.0])), [[5, 3], [6, 2]]),
])  # fmt: skip
def test_a_pair_of_numbers_is_a_line_and_a_pair_of_lists_is_x_and_y(series, points):
    (axes,) = hc.plots.draw_curves(x_label="step", y_label="loss", loss=series).axes
    assert axes.lines[0].get_xydata().tolist() == points


def test_intervals_are_drawn_where_they_are():
    interval = Interval(mean=1.0, low=0.5, high=1.5, count=8, level=0.95, over="images")
    figure = hc.plots.draw_intervals({"dark channel": interval}, x_label="gain (dB)")
    zero, line, dot = figure.axes[0].lines
    assert list(zero.get_xdata()) == [0, 0]
    assert list(line.get_xdata()) == [0.5, 1.5]
    assert list(dot.get_xdata()) == [1.0]


def test_what_an_interval_was_made_of_is_drawn_in_its_row():
    interval = Interval(mean=0.5, low=-1.0, high=2.0, count=2, level=0.95, over="seeds")
    both = {"truth": interval, "teacher": interval}
    singles = {"teacher": [-1.0, 2.0]}
    (axes,) = hc.plots.draw_intervals(both, x_label="gain (dB)", singles=singles).axes
    rings = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [ring.get_xydata().tolist() for ring in rings] == [[[-1.0, 1.0]], [[2.0, 1.0]]]
    few = singles | {"three seeds": [0.25]}
    (axes,) = hc.plots.draw_intervals(both, x_label="gain (dB)", singles=few).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [*both, "three seeds"]
    assert axes.lines[-1].get_xydata().tolist() == [[0.25, 2.0]]


def test_dots_stand_in_the_row_of_their_name():
    rows = {"first": {"rooms": [0.5], "streets": [-1.0]}, "second": {"rooms": [2.0, 3.0]}}
    (axes,) = hc.plots.draw_dots(rows, x_label="gain (dB)").axes
    _, rooms, streets = axes.lines
    assert [list(map(float, values)) for values in rooms.get_data()] == [[0.5, 2, 3], [0, 1, 1]]
    assert [list(map(float, values)) for values in streets.get_data()] == [[-1], [0]]
    assert rooms.get_marker() != streets.get_marker(), "told apart without colour"
    top, bottom = (axes.transData.transform((0, row))[1] for row in (0, 1))
    assert top > bottom, "the first row stands on top"
    with pytest.raises(ValueError, match="expected rows of 1 to 5 series, got 0"):
        hc.plots.draw_dots({}, x_label="")


def test_a_bar_in_a_name_does_not_end_its_cell():
    text = hc.plots.markdown_table([{"method": "a|b", "PSNR": 1.0}])
    assert "a\\|b" in text


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32])
def test_what_a_training_holds_can_be_drawn(kind):
    values = torch.tensor([1.0, 2.0], dtype=kind, requires_grad=True)
    line = hc.plots.draw_curves(x_label="step", y_label="loss", loss=values).axes[0].lines[0]
    assert line.get_ydata().tolist() == [1, 2]
    hc.plots.draw_images(picture=torch.full((1, 3, 4, 4), 0.5, dtype=kind, requires_grad=True))


def test_a_table_has_headers_and_a_caption(shown):
    rows = [{"method": "hazy <I>", "PSNR": 11.5, "n": 3}]
    (table,) = shown(hc.plots.show_table, rows, "Scores")
    html = table.data["text/html"]
    assert "<caption" in html
    assert html.count('scope="col"') == 3
    assert html.count('scope="row"') == 1
    assert "hazy &lt;I&gt;" in html
    assert ">11.50<" in html
    assert ">3<" in html


def test_a_gain_stands_beside_its_percent_and_its_verdict():
    gains = {"taught": Interval(0.2, 0.05, 0.35, 8, 0.95, "seeds")}
    gains["muted"] = Interval(-0.1, -0.3, 0.1, 8, 0.95, "seeds")
    taught, muted = hc.plots.gain_rows(gains, start=20.0)
    words = ["taught", "+0.20", "[+0.05, +0.35]", "+1.0 %", "better"]
    assert list(taught.values()) == words
    words = ["muted", "-0.10", "[-0.30, +0.10]", "-0.5 %", "not distinguishable"]
    assert list(muted.values()) == words
    (alone,) = hc.plots.gain_rows({"taught": gains["taught"]}, 20.0, base="alone")
    assert alone["against alone"] == "better"


def test_rows_of_different_columns_are_refused():
    with pytest.raises(ValueError, match="expected columns"):
        hc.plots.markdown_table([{"a": 1}, {"b": 2}])
    with pytest.raises(ValueError, match="empty table"):
        hc.plots.markdown_table([])


def test_the_style_is_set_on_request_only():
    with mpl.rc_context():
        hc.plots.use_style()
        assert mpl.rcParams["axes.grid"]


def test_the_palette_survives_printing_in_grey():
    # Luminances of neighbours in the cycle differ, so lines stay apart without colour.
    rgb = [mpl.colors.to_rgb(colour) for colour in hc.plots.COLOURS]
    luminance = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in rgb]
    assert min(abs(a - b) for a, b in pairwise(luminance)) > 0.02


def test_no_difference_is_drawn_in_the_middle_of_the_colours(panels):
    figure = hc.plots.draw_images(difference=0 * panels["depth"])
    assert _limits(figure)["difference"] == (-1, 1)


@pytest.mark.parametrize(
    ("limits", "extend"),
    [((-1, 1), "neither"), ((0, 1), "min"), ((-1, 0), "max"), ((-0.5, 0.5), "both")],
)
def test_the_bar_points_to_what_lies_beyond(limits, extend):
    ramp = torch.linspace(-1, 1, 16).reshape(1, 1, 4, 4)
    figure = hc.plots.draw_images(difference=ramp, limits=limits)
    (bar,) = (axes.images[0].colorbar for axes in figure.axes if axes.images)
    assert bar.extend == extend


def test_a_map_in_a_page_says_what_its_colours_mean(panels):
    depth = panels["depth"]
    page = html_images({"depth": depth, "hazy": panels["hazy"]}, "Depth.", dot=None)
    assert page.count("linear-gradient(to right,rgb(") == 1, "of the map alone"
    assert f"<small>{depth.min():.3g}<i" in page
    assert f"</i>{depth.max():.3g}</small>" in page


def test_a_figure_in_a_page_is_closed():
    figure = plt.figure()
    page = html_figure(figure, "Nothing.")
    assert 'alt="Nothing."' in page
    assert not plt.fignum_exists(figure.number)


def test_a_table_outside_a_notebook_is_text(capsys, monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    hc.plots.show_table([{"method": "hazy", "PSNR": 11.5}], "Scores")
    assert capsys.readouterr().out.splitlines()[:2] == ["Scores", "| method |  PSNR |"]
