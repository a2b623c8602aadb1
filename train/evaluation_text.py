"""One evaluation as a page to read."""

from typing import Any

from train.markdown import bounded, number, percent, table

CLASSES = (("all", "all classes"), ("polyp", "polyp"), ("background", "background"))
HEADER = ("IoU", "F1", "recall", "precision")
METRICS = ("iou", "f1", "recall", "precision")


def evaluation_page(values: dict[str, Any]) -> str:
    """Write an evaluation's summary as Markdown.

    Args:
        values: what `Evaluation.summary` returned.
    """
    clusters = values["intervals"]
    parts = [
        f"# {values['name']}\n",
        f"{values['images']} images; 95 % intervals by bootstrap over {clusters['clusters']} "
        f"{clusters['clustered_by']}s.\n",
        _conditions(values["conditions"]),
        "## The paper's convention: mean of the images' scores at 256x256\n",
        _paper(values),
        "## Other conventions\n",
        _others(values),
        "## By centre\n",
        _groups(values["by_centre"]),
        "## By size of polyp\n",
        "Share of the picture: small below 5 %, medium below 12 %, large from there on.\n",
        _groups(values["by_size"]),
    ]
    return "\n".join(parts)


def _conditions(conditions: dict[str, Any]) -> str:
    return "".join(f"- {name}: {value}\n" for name, value in conditions.items())


def _paper(values: dict[str, Any]) -> str:
    intervals = values["intervals"]["paper"]
    return table(
        ("class", *HEADER),
        (
            (
                title,
                *(bounded(values["paper"][key][name], intervals[key][name]) for name in METRICS),
            )
            for key, title in CLASSES
        ),
    )


def _others(values: dict[str, Any]) -> str:
    challenge, frames, hd95 = values["challenge"], values["frames"], values["hd95"]
    score = bounded(challenge["score"], values["intervals"]["challenge"]["score"])
    one_image = "polyp class, the data set as one image"
    positives = "polyp class, images with a polyp"
    rows = [
        ("challenge score at native size", score),
        ("its standard deviation over images", number(challenge["score_sd"])),
        ("mean standard deviation of its four metrics", number(challenge["metrics_sd"])),
        *((f"challenge {name}", number(challenge[name])) for name in ("f1", "f2", "ppv", "recall")),
        (f"{one_image}: IoU", number(values["micro"]["iou"])),
        (f"{one_image}: F1", number(values["micro"]["f1"])),
        (f"{positives}: IoU", number(values["positives_only"]["iou"])),
        (f"{positives}: F1", number(values["positives_only"]["f1"])),
        (f"alarm in frames with a polyp ({frames['positives']})", percent(frames["sensitivity"])),
        ("alarm that touches the polyp", percent(frames["hit_rate"])),
        (f"silence in frames without ({frames['negatives']})", percent(frames["specificity"])),
        ("false-positive area in frames without", percent(frames["false_positive_area"])),
        (f"HD95 in pixels, where both masks are ({hd95['measured']})", number(hd95["pixels"], 1)),
        ("HD95 as a share of the diagonal", percent(hd95["share_of_diagonal"])),
        ("expected calibration error", number(values["reliability"]["calibration_error"])),
    ]
    return table(("", "value"), rows)


def _groups(groups: dict[str, Any]) -> str:
    return table(
        ("", "images", "with polyp", *HEADER),
        (
            (
                name,
                group["images"],
                group["positives"],
                number(group["polyp"]["iou"]),
                bounded(group["polyp"]["f1"], group["f1_interval"]),
                number(group["polyp"]["recall"]),
                number(group["polyp"]["precision"]),
            )
            for name, group in groups.items()
        ),
    )
