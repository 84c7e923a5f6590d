"""The page as a browser shows it."""

import pytest

from tests.pipeline.report.outputs import (
    dataset,
    metrics,
    number_column,
    text_column,
    thresholds,
    write_evaluation,
    write_spec,
    write_statistics,
)

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'x'\">"


@pytest.fixture
def page(story, report_of):
    """A binary task: columns of both kinds, slices, thresholds."""
    run = story.run()
    splits = {}
    for at, split in enumerate(("train", "eval")):
        splits[split] = dataset(10)
        number_column(splits[split], "mass", [(at, at + 1, 5), (at + 1, at + 4, 5)])
        text_column(splits[split], HOSTILE, {HOSTILE: 6 - at, "Dream": 4})
    write_statistics(story.output(run, "statistics"), splits)
    slices = [
        metrics({"island": name}, {"auc": auc, "example_count": rows})
        for name, auc, rows in (("Biscoe", 0.8, 4), ("Dream", 0.6, 10), (HOSTILE, 0.9, 2))
    ]
    rows = [(-1e-7, 4, 4, 0, 0), (0.25, 4, 2, 2, 0), (0.5, 2, 1, 3, 2), (0.75, 0, 0, 4, 4)]
    write_evaluation(
        story.output(run, "evaluation"),
        [metrics({}, {"auc": 0.7, "example_count": 16}), *slices],
        [thresholds(rows)],
    )
    write_spec(story.runs / run)
    return report_of(run)


def test_every_chart_is_drawn_without_an_error_or_a_request(chromium, page):
    chromium.open(page)

    assert chromium.charts() == {
        *("column-0", "column-1", "slices"),
        *("by-threshold", "roc", "precision-recall", "scores", "calibration"),
    }
    assert chromium.is_quiet()


def test_what_the_data_holds_is_shown_and_never_run(chromium, page):
    chromium.open(page).draw()

    assert chromium.value("document.title").startswith("birds: blessed")
    assert chromium.value("document.images.length") == 0
    names = chromium.value(
        "[...document.querySelectorAll('#columns button.more')].map(e => e.textContent)"
    )
    assert any(name.startswith("<script>document.title") for name in names)


def test_a_click_on_a_column_sorts_by_it_and_another_turns_it_round(chromium, page):
    chromium.open(page)
    rows = "[...document.querySelectorAll('#slices tbody tr')].map(row => row.cells[1].textContent)"
    button = "document.querySelectorAll('#slices thead button')[1]"

    assert chromium.value(rows) == ["10", "4", "2"]  # the worst by auc first
    chromium.value(f"{button}.click()")
    assert chromium.value(rows) == ["10", "4", "2"]
    chromium.value(f"{button}.click()")
    assert chromium.value(rows) == ["2", "4", "10"]
    assert chromium.value(f"{button}.parentNode.ariaSort") == "ascending"


def test_the_threshold_moves_its_rates(chromium, page):
    chromium.open(page).draw()
    rates = "[...document.querySelectorAll('[data-rate]')].map(e => e.textContent)"

    chromium.value(
        "const s = document.getElementById('threshold'); s.value = 1;"
        "s.dispatchEvent(new Event('input'))"
    )

    # At 0.25: 4 of 6 are right, 4 of 4 found, 2 of 4 wrongly, 6 of 8 right, 6 of 8 taken
    assert chromium.value("document.getElementById('chosen').textContent") == "0.25"
    assert chromium.value(rates) == ["66.7 %", "100.0 %", "50.0 %", "75.0 %", "75.0 %"]
    chromium.until("document.querySelectorAll('[data-chart=roc] .mark-symbol path').length === 1")
    assert chromium.errors == []


def test_a_column_tells_more_when_it_is_opened_and_can_be_found(chromium, page):
    chromium.open(page)
    shown = (
        "[...document.querySelectorAll('tr.detail')].filter(e => e.getClientRects().length).length"
    )

    assert chromium.value(shown) == 0
    chromium.value("document.querySelector('button.more').click()")
    assert chromium.value(shown) == 1
    chromium.draw()
    assert chromium.errors == []

    chromium.value(
        "const f = document.querySelector('[data-filter]'); f.value = 'MAS';"
        "f.dispatchEvent(new Event('input'))"
    )
    names = "[...document.querySelectorAll('#columns tbody.group')].filter(e => !e.hidden).length"
    assert chromium.value(names) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground_in_both_themes(chromium, page, theme):
    chromium.look(theme, 1200, 900)
    chromium.open(page)
    ratio = """(name => {
        const style = getComputedStyle(document.documentElement);
        const light = key => {
            const hex = style.getPropertyValue(key).trim();
            const parts = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16) / 255)
                .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const [a, b] = [light(name), light('--soft')].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05);
    })"""

    # WCAG 2.2: 4.5 for text, 3 for what is drawn
    for name in ("ink", "muted", "accent", "good", "bad", "warn"):
        assert chromium.value(f"{ratio}('--{name}')") >= 4.5, name
    for name in ("quiet", "middle"):
        assert chromium.value(f"{ratio}('--{name}')") >= 3, name


@pytest.mark.parametrize("unfolded", [False, True])
def test_the_page_fits_a_phone(chromium, page, unfolded):
    chromium.look("light", 320, 800)  # WCAG 2.2, 1.4.10: no scrolling sideways down to it
    chromium.open(page)
    chromium.value(f"document.querySelectorAll('details').forEach(e => e.open = {unfolded:d})")
    chromium.draw()

    assert chromium.value("document.documentElement.scrollWidth") <= 320


def test_whatever_scrolls_is_reached_with_the_keyboard_and_every_column_of_a_table_has_a_name(
    chromium, page
):
    chromium.open(page)
    chromium.value("document.querySelectorAll('details').forEach(e => e.open = true)")

    scrolling = "/auto|scroll/.test(getComputedStyle(e).overflow)"
    reached = "e.tabIndex >= 0 || e.querySelector('a, button, input, summary')"
    elements = "[...document.querySelectorAll('body *')]"
    assert chromium.value(f"{elements}.filter(e => {scrolling}).length") > 5
    assert chromium.value(f"{elements}.filter(e => {scrolling} && !({reached})).length") == 0
    headers = "[...document.querySelectorAll('thead th')]"
    assert chromium.value(f"{headers}.filter(e => !e.textContent.trim()).length") == 0


def test_a_link_to_a_node_opens_what_is_told_of_it(chromium, page):
    chromium.open(page)

    chromium.value("document.querySelector('#verdict a[href=\"#node-Trainer\"]').click()")

    chromium.until("document.getElementById('node-Trainer').open && scrollY > 0")


def test_a_link_to_a_section_leads_to_its_top_though_charts_above_are_not_drawn_yet(chromium, page):
    chromium.look("light", 1200, 500)
    chromium.open(page)

    chromium.value("document.querySelector('nav a[href=\"#serving\"]').click()")

    # 56 pixels below the top, for the links that stay there
    top = "document.getElementById('serving').getBoundingClientRect().top"
    chromium.until(f"Math.abs({top} - 56) < 1")
    chromium.draw()
    assert chromium.value(f"Math.abs({top} - 56) < 1")
