"""Images: convolution, pooling and random changes of images."""
