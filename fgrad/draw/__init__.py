"""Pictures of a graph: a box for each number, an ellipse for each operation, from left to right.

>>> from fgrad.draw import picture
>>> from fgrad.graph import leaf
>>> x, y = leaf(3.0), leaf(4.0)
>>> picture(x * y, names={"x": x, "y": y})
<Picture: 3 numbers, 1 operation>
"""

from fgrad.draw.drawing import Picture as Picture
from fgrad.draw.drawing import dot as dot
from fgrad.draw.drawing import mermaid as mermaid
from fgrad.draw.drawing import picture as picture
from fgrad.draw.drawing import svg as svg
from fgrad.draw.reading import Drawable as Drawable
from fgrad.draw.reading import Labelled as Labelled

__all__ = ["Drawable", "Labelled", "Picture", "dot", "mermaid", "picture", "svg"]
