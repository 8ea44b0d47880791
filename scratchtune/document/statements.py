"""What the document says, statement by statement, and what becomes of each when it is measured or checked.

A quotation is short; the sentences that it stands for are known by digests, so that a test finds out when the document
and this table differ. Names of claims are those of benchmarks/results/claims.md, names of formulas those of the
registry; code is named as it is imported.
"""

from __future__ import annotations

from typing import NamedTuple

TITLES = {  # of the sections, as the document has them
    "1": "背景介绍",
    "1.1": "深度学习模型的复杂性", "1.2": "调参的重要性",
    "2.1": "超参数的类型", "2.2": "超参数之间的联系", "2.3": "评价指标",
    "3.1": "网格搜索", "3.2": "随机搜索", "3.3": "贝叶斯优化", "3.4": "遗传算法",
    "4.1": "梯度下降", "4.2": "正则化",
    "5": "项目实践：代码实例和详细解释说明",
    "6.1": "图像分类", "6.2": "自然语言处理", "6.3": "语音识别",
    "7.1": "Keras Tuner", "7.2": "Optuna", "7.3": "Ray Tune",
    "8.1": "自动机器学习", "8.2": "可解释性", "8.3": "计算效率",
    "9.1": "如何选择合适的超参数调整算法？", "9.2": "如何评估超参数调整的效果？", "9.3": "如何避免过拟合？",
}

RIGHT, RIGHT_IF, LOOSE = "right", "right if", "loose"
WRONG, OPINION = "wrong", "opinion"
VERDICTS = RIGHT, RIGHT_IF, LOOSE, WRONG, OPINION


class Statement(NamedTuple):
    """A statement of the document, our verdict, and what that rests on.

    ``sentences`` are the digests of the sentences that hold it, ``lines`` those of the code block, from 1.
    """

    section: str
    quote: str
    english: str
    verdict: str
    note: str
    claims: str = ""
    formulas: str = ""
    code: str = ""
    lesson: int | None = None
    sentences: str = ""
    lines: tuple[int, ...] = ()


STATEMENTS = (
    Statement(
        "1", "其性能往往依赖于繁琐的超参数调整过程",
        "Its performance often depends on a laborious tuning of hyper-parameters.", RIGHT_IF,
        "Right if the defaults do not suit the task. On digits, random search over five hyper-parameters is behind "
        "tuning the learning rate alone after 5 trainings, and ahead of it after 60; with better defaults it is "
        "still behind.",
        claims="32a 32b", code="scratchtune.core.search.recommending.recommend", lesson=32, sentences="db21a420"),
    Statement(
        "1", "超参数是控制模型训练过程的变量",
        "Hyper-parameters are variables that control the training of a model.", LOOSE,
        "The number of layers, the document's own example, defines the model and not its training. A "
        "hyper-parameter is whatever is chosen before the training begins and is not changed by it.",
        code="scratchtune.plain.Config", lesson=0, sentences="2a45c417"),
    Statement(
        "1", "对于模型的效率和准确性至关重要",
        "A suitable combination is essential for efficiency and accuracy.", RIGHT_IF,
        "Right for some of them: at a learning rate of 3 all ReLU units of a small network on digits are dead, in "
        "every draw. Where others do not matter, random search is better than a grid.",
        claims="06b 18a", code="scratchtune.insight.importances.importance", lesson=6, sentences="5ec05396"),
    Statement(
        "1.1", "大量的参数和复杂的网络结构",
        "Many parameters and complex structures make the choice of hyper-parameters harder.", LOOSE,
        "More weights make a training slower, not the choice harder; a complex structure does, if it brings "
        "hyper-parameters of its own. What counts is how many of them matter, how long a training takes, and how "
        "noisy its score is.",
        formulas="grid_combinations", code="scratchtune.core.search.space.Space", lesson=18, sentences="4b863aaa"),
    Statement(
        "1.1", "过拟合、欠拟合、训练时间过长",
        "Bad hyper-parameters may lead to overfitting, underfitting, long training.", RIGHT,
        "All three are measured on digits: trained too long, the validation loss rises by at least a third; four "
        "units are too few; with a step a fifth as long, the loss after 100 steps is higher.",
        claims="16a 16c 03b", code="scratchtune.insight.diagnosis.diagnose", lesson=16, sentences="ac16de61"),
    Statement(
        "1.2", "至关重要的一环",
        "Tuning is an essential step of deep learning.", RIGHT_IF,
        "Right if the defaults leave something to gain: on digits, with good other values, tuning the learning rate "
        "alone is enough for 60 trainings.",
        claims="32a 32b", lesson=32, sentences="de5ee596"),
    Statement(
        "1.2", "可以显著提升模型的性能",
        "Optimising hyper-parameters can improve performance considerably.", RIGHT_IF,
        "Right if the gain is larger than luck would give. The best of 60 validation scores is too high, and more "
        'so than the best of 9; scratchtune compare, on handwritten digits, ends with "No gain can be shown".',
        claims="15a", code="scratchtune.insight.verdicts.verdict", lesson=15, sentences="147c7b1d"),
    Statement(
        "1.2", "更好地拟合训练数据并泛化到未见过的数据",
        "The best combination can make a model fit the training data better and generalise to unseen data.", LOOSE,
        "These are two goals, and beyond some epoch they part: on digits with a fifth of the labels drawn at "
        "random, the training loss still falls while the loss on held-out rows rises. Only generalising is the aim.",
        claims="16a 16b", code="scratchtune.core.network.callbacks.EarlyStopping", lesson=16, sentences="6004e383"),
    Statement(
        "1.2", "加速模型的训练过程",
        "Suitable hyper-parameters speed up the training.", RIGHT_IF,
        "Right for one training: on digits, a learning rate five times as high, still below the limit, has the "
        "lower loss after 100 steps. The search takes more time than it saves, unless the model is trained often: s "
        "configurations on k folds are s times k trainings.",
        claims="03b", formulas="search_trainings", code="scratchtune.core.search.grid.trainings", lesson=3,
        sentences="6b2085e1"),
    Statement(
        "1.2", "防止模型过拟合或欠拟合训练数据",
        "By tuning the regularisation, among others, one can prevent overfitting or underfitting.", RIGHT_IF,
        "Right if it is tuned both ways: regularisation acts against overfitting, and too much of it is a cause of "
        "underfitting. With L1 at 0.03 a network reads fewer than half as many digits as with L2 at 0.03.",
        claims="02b 47a", formulas="l1_penalty", code="scratchtune.core.network.penalties.L1L2", lesson=2,
        sentences="e41adc0c"),
    Statement(
        "2.1", "学习率、动量、衰减率",
        "Optimizers have a learning rate, momentum, a decay rate.", RIGHT,
        '"Decay rate" has three meanings, all of which are hyper-parameters here: the decay of the learning rate, '
        "the memory of Adam's averages, and the decay of the weights.",
        formulas="momentum inverse_time_decay", code="scratchtune.core.network.optimizers.Adam", lesson=5,
        sentences="28fbf0e6 30e71255"),
    Statement(
        "2.1", "层数、每层神经元数量、激活函数",
        "Structures have layers, units in each, activation functions.", RIGHT,
        "Units and activation of all hidden layers can be set by name, so a searcher can tune them together with "
        "the rest.",
        formulas="relu tanh", code="scratchtune.core.network.sequential.configure", lesson=6, sentences="d537274b"),
    Statement(
        "2.1", "权重衰减、dropout率",
        "Regularisation has weight decay, a dropout rate.", RIGHT,
        "Under plain gradient descent weight decay w is the L2 penalty of section 4.2 with lambda = w / 2; under "
        "Adam they differ.",
        claims="09a 09b", formulas="weight_decay dropout", code="scratchtune.core.network.layers.dropout.Dropout",
        lesson=9, sentences="be3c1315"),
    Statement(
        "2.1", "数据增强方法、特征缩放",
        "Preprocessing has augmentation, scaling of features.", RIGHT,
        "Both can be searched like the others; the scaling is fitted on the training rows of each fold. On a table "
        "in grams and tonnes, unscaled, gradient descent loses more than 20 points of accuracy, Adam more than 10. "
        "On images that are moved, augmentation by moves gains ten points or more.",
        claims="10a 10b 31c", formulas="standard_scale", code="scratchtune.core.data.scaling.StandardScaler", lesson=10,
        sentences="4df2cc70"),
    Statement(
        "2.2", "超参数之间存在着复杂的相互作用",
        "Hyper-parameters interact in complex ways.", RIGHT,
        "In a study of a network on digits the interaction of learning rate and batch size explains more of the "
        "score's variance than the batch size does by itself.",
        claims="48a", formulas="interaction_variance", code="scratchtune.insight.importances.importance", lesson=48,
        sentences="baab0ec0"),
    Statement(
        "2.2", "学习率和批量大小",
        "Learning rate and batch size affect speed and stability of convergence.", RIGHT,
        "On digits, with batches of 128 the best learning rate is at least four times that with batches of 4.",
        claims="07a", code="scratchtune.core.network.engine.train_epoch", lesson=7, sentences="2826a5ed"),
    Statement(
        "2.2", "需要考虑它们之间的相互关系",
        "So their relations must be considered when tuning.", RIGHT,
        "Tuning one at a time misleads: in a translator, tripling the rate gains from one starting point and loses "
        "from another; in a recogniser neither of two changes is enough alone, and both together are.",
        claims="40c 44a", code="scratchtune.insight.effect_plots.plot_partial_dependence", lesson=40,
        sentences="a2eca937"),
    Statement(
        "2.3", "评估模型性能的指标对于调参过程至关重要",
        "The metric is essential for tuning.", RIGHT,
        "The search optimises exactly this number: where one in 20 is ill, the best possible test is less than two "
        "points more accurate than calling everybody healthy.",
        claims="11a", code="scratchtune.core.evaluation.scoring.make_scorer", lesson=11, sentences="edda71f3"),
    Statement(
        "2.3", "模型预测正确的样本比例",
        "Accuracy: the share of samples predicted correctly.", RIGHT,
        "It says little where one class is rare.",
        claims="11a", formulas="accuracy", code="scratchtune.core.metrics.classification.accuracy_score", lesson=11,
        sentences="d4a3d539 e92b487e"),
    Statement(
        "2.3", "预测为正例的样本中真正例的比例",
        "Precision: the share of true positives among predicted positives.", RIGHT,
        "Undefined where nothing is predicted positive; then it is 0 here, with a warning, as in scikit-learn.",
        formulas="precision", code="scratchtune.core.metrics.precision_recall.precision_score", lesson=11,
        sentences="7f807357"),
    Statement(
        "2.3", "所有正例样本中被预测为正例的比例",
        "Recall: the share of all positives that are predicted positive.", RIGHT,
        "By the same rule for an alarm it does not change with how rare the positives are; precision does.",
        claims="11c", formulas="recall", code="scratchtune.core.metrics.precision_recall.recall_score", lesson=11,
        sentences="d3479f52"),
    Statement(
        "2.3", "精确率和召回率的调和平均值",
        "F1: the harmonic mean of precision and recall.", RIGHT,
        "It depends on a threshold. With true probabilities the best one is half of the best F1, if there are many "
        "rows, so 0.5 is too high.",
        claims="11b", formulas="f_beta", code="scratchtune.core.metrics.precision_recall.f1_score", lesson=11,
        sentences="325ad9f9"),
    Statement(
        "2.3", "ROC曲线下的面积",
        "AUC: the area under the ROC curve.", RIGHT,
        "It is also the probability that a random positive is ranked above a random negative, and so the only one "
        "of the five that needs no threshold.",
        formulas="auc trapezoids", code="scratchtune.core.metrics.ranking.roc_auc_score", lesson=11,
        sentences="1e02fea1"),
    Statement(
        "3.1", "尝试所有可能的组合",
        "Grid search tries all possible combinations in predefined ranges.", RIGHT_IF,
        "Right for lists. A continuous range has infinitely many values: a few must be chosen, and the values "
        "between them are never tried.",
        formulas="grid_combinations", code="scratchtune.core.search.grid.GridSearch", lesson=18, sentences="659dec44"),
    Statement(
        "3.1", "计算成本很高，尤其是在超参数数量较多时",
        "Its cost is very high, above all with many hyper-parameters.", RIGHT,
        "The number of combinations is a product: each further hyper-parameter with three values makes it three "
        "times as large, and each combination is trained once for each fold.",
        formulas="grid_combinations search_trainings", code="scratchtune.core.search.space.combinations", lesson=18,
        sentences="44102eb2"),
    Statement(
        "3.2", "从预定义的超参数范围内随机采样组合",
        "Random search samples combinations at random from predefined ranges.", RIGHT,
        "A range may be on a logarithmic scale, and then the draws are uniform in the logarithm.",
        formulas="log_value", code="scratchtune.core.search.random.RandomSearch", lesson=18, sentences="a2e81b1d"),
    Statement(
        "3.2", "相比网格搜索效率更高",
        "Compared with grid search it is more efficient.", RIGHT_IF,
        "Right where few hyper-parameters matter: on a synthetic loss where one of two matters, nine random trials "
        "beat a grid of nine. Wrong where all matter: with both, the grid has the lower loss in every draw.",
        claims="18a 18b", code="scratchtune.core.search.random.RandomSearch", lesson=18, sentences="a2e81b1d"),
    Statement(
        "3.2", "尤其是在超参数空间较大时",
        "... above all where the space is large.", LOOSE,
        "What counts is not the size but how many hyper-parameters do not matter: a grid spends its trials on their "
        "values. On the same loss, with two that matter of three, four or five, random search is ahead with as many "
        "trials as the grid.",
        claims="18c", code="scratchtune.core.search.random.RandomSearch", lesson=18, sentences="a2e81b1d"),
    Statement(
        "3.3", "利用先验知识和观测结果来构建",
        "Bayesian optimisation builds a probability model of the objective, given the hyper-parameters, from prior "
        "knowledge and observations.", RIGHT,
        "With a Gaussian process the prior is its kernel: how smooth the objective is expected to be. On the "
        "trainings of our data set, a length scale four times the fitted one has a band of two standard deviations "
        "that holds fewer than half of the values not seen; the fitted one's holds fewer than the promised 95 "
        "percent.",
        claims="19a 19b", formulas="matern52 posterior_mean posterior_variance log_marginal_likelihood",
        code="scratchtune.core.search.bayesian.gaussian_process.posterior", lesson=19, sentences="06939145"),
    Statement(
        "3.3", "最有可能提升性能",
        "... and tries next what is most likely to improve performance.", LOOSE,
        "Taken literally this is the probability of improvement, which prefers tiny, nearly certain gains. Our "
        "Gaussian process maximises the expected improvement, which counts the size of the gain, too. With two "
        "valleys that comes closer to the lowest loss than trying the lowest mean; with one valley the lowest mean "
        "is ahead.",
        claims="20a 20b", formulas="expected_improvement log_probability_of_improvement",
        code="scratchtune.core.search.bayesian.acquisition.expected_improvement", lesson=20, sentences="06939145"),
    Statement(
        "3.4", "迭代地选择、交叉和变异",
        "A genetic algorithm selects, crosses and mutates combinations again and again.", RIGHT,
        "Each of the three is a function of a few lines. On a synthetic loss of five hyper-parameters the search "
        "ends higher without crossover, and higher still without mutation.",
        claims="23a 23b", formulas="tournament_probability sbx_child gaussian_mutation",
        code="scratchtune.core.search.genetic.genetic_search.GeneticSearch", lesson=23, sentences="54e17a70"),
    Statement(
        "3.4", "寻找最优解",
        "... to find the optimum.", LOOSE,
        "It looks for good solutions, and never loses the best so far. No finite number of trials guarantees the "
        "optimum, here or with the others; only a grid is sure to try each of its own points.",
        code="scratchtune.core.search.genetic.operators.survivors", lesson=23, sentences="54e17a70"),
    Statement(
        "4.1", "计算损失函数对参数的梯度来更新参数",
        "Gradient descent computes the loss's gradient to update the parameters.", RIGHT,
        "In practice it is the gradient of a batch of rows, and so noisy; the document does not say it.",
        formulas="gradient_descent", code="scratchtune.core.network.optimizers.gradient_descent", lesson=7,
        sentences="1812ccf8"),
    Statement(
        "4.1", "从而最小化损失函数",
        "... and thereby minimises the loss.", RIGHT_IF,
        "Right if the learning rate is not far too large. On a bowl the limit is two divided by the largest "
        "curvature. A network on digits learns even at twice its limit at the start, since the curvature falls; at "
        "20 times, the loss after 100 steps is about that of guessing. And the minimum that is reached need not be "
        "the lowest one.",
        claims="03a 03b 03c", formulas="gradient_descent", code="scratchtune.core.network.engine.train_epoch", lesson=3,
        sentences="1812ccf8"),
    Statement(
        "4.1", "\\theta_{t+1} = \\theta_t - \\alpha \\nabla J(\\theta_t)",
        "theta' = theta - alpha * gradient of J at theta", RIGHT,
        "The package has the same formula, with g for the gradient; it is read from the function's docstring and "
        "checked against the code.",
        formulas="gradient_descent", code="scratchtune.core.network.optimizers.gradient_descent", lesson=3,
        sentences="85144085"),
    Statement(
        "4.1", "是损失函数",
        "theta are the parameters, alpha the learning rate, J the loss.", LOOSE,
        "In section 4.2 the same letter J is the loss plus a penalty, and L the loss. What is descended is J of "
        "section 4.2: loss and penalty together.",
        formulas="gradient_descent objective", code="scratchtune.core.network.penalties.objective", lesson=8,
        sentences="32bab7d2"),
    Statement(
        "4.2", "正则化技术可以防止模型过拟合",
        "Regularisation can prevent overfitting; L1 and L2 are common.", RIGHT_IF,
        "Right if the network overfits, and which means is best depends on the data. On small linear tables L2 "
        "lowers the log loss more than members (several networks that share their weights) do, and raises the "
        "accuracy; on tables with interactions the members gain the most accuracy of six means.",
        claims="47b 47c 47d", formulas="l1_penalty l2_penalty", code="scratchtune.core.network.penalties.L1L2",
        lesson=47, sentences="384da017"),
    Statement(
        "4.2", "\\lambda \\sum_{i=1}^{n} |\\theta_i|",
        "L1: J = L + lambda * sum of |theta_i|", RIGHT,
        "As written, all parameters count, the biases too, and n is their number, not that of the rows. |x| has no "
        "derivative at 0: we take 0 there. On digits L1 leaves more weights below 0.01 than L2 with the same "
        "lambda.",
        claims="08c", formulas="l1_penalty l1_penalty_grad", code="scratchtune.core.network.penalties.l1_penalty",
        lesson=8, sentences="c645d313 96542507"),
    Statement(
        "4.2", "\\lambda \\sum_{i=1}^{n} \\theta_i^2",
        "L2: J = L + lambda * sum of theta_i squared", RIGHT,
        "There is no 1/2, so the gradient is 2 lambda theta; scikit-learn's alpha is halved, divided by the number "
        "of rows of the batch, and leaves the biases out. Under Adam this is not weight decay.",
        claims="09a 09b 09c", formulas="l2_penalty l2_penalty_grad weight_decay",
        code="scratchtune.core.network.penalties.l2_penalty", lesson=9, sentences="08adb6e4 c00ef469"),
    Statement(
        "4.2", "是正则化参数",
        "L is the original loss, lambda the regularisation parameter.", RIGHT,
        "It must not be negative. It is a hyper-parameter itself; a logarithmic scale suits it, but has no 0, so "
        "offer that as a choice.",
        formulas="log_value", code="scratchtune.core.network.penalties.L2", lesson=8, sentences="ff4d6824"),
    Statement(
        "5", "使用 Keras 和 TensorFlow 进行超参数调整的示例代码",
        "Example code that tunes hyper-parameters with Keras and TensorFlow.", WRONG,
        "No version of Keras runs it: the grid search that it names has never existed. Here all of it runs, with "
        "its two imports exchanged and data given.",
        code="scratchtune.wrappers.scikit_learn", lesson=1, sentences="4d32d626", lines=(1, 2)),
    Statement(
        "5", 'layers.Dense(64, activation="relu")',
        "The model: a hidden layer of 64 units, ten classes.", RIGHT,
        "The number of inputs is not given; Keras and we take it from the first rows.",
        formulas="relu softmax", code="scratchtune.core.network.sequential.Sequential", lesson=1,
        lines=(4, 5, 6, 7, 8, 9, 10)),
    Statement(
        "5", "Adam(learning_rate=0.01)",
        "The optimizer: Adam with a learning rate of 0.01.", LOOSE,
        "The grid below replaces this rate, so the number has no effect.",
        formulas="adam", code="scratchtune.core.network.optimizers.Adam", lesson=1, lines=(12, 13)),
    Statement(
        "5", 'loss="categorical_crossentropy"',
        "The model is compiled with the categorical cross-entropy.", RIGHT_IF,
        "In Keras, right if y_train has a column for each class; for labels its name is "
        "sparse_categorical_crossentropy. Here both kinds of y are accepted.",
        formulas="categorical_crossentropy", code="scratchtune.core.network.losses.get", lesson=1, lines=(15, 16)),
    Statement(
        "5", '"learning_rate": [0.001, 0.01, 0.1]',
        "The grid, by names that the model is expected to know: three learning rates, three batch sizes.", WRONG,
        "A compiled Keras model has no such parameters for a grid search: the learning rate is an attribute of its "
        "optimizer, the batch size an argument of fit. scikit-learn asks an estimator for get_params. Here the "
        "names are looked up where they belong.",
        formulas="grid_combinations", code="scratchtune.core.network.sequential.Sequential.configured", lesson=1,
        lines=(18, 19, 20, 21, 22)),
    Statement(
        "5", "keras.wrappers.scikit_learn.GridSearchCV",
        "Grid search for the hyper-parameters.", WRONG,
        "keras.wrappers.scikit_learn held KerasClassifier and KerasRegressor, which made a model an estimator for "
        "scikit-learn's own GridSearchCV; the module has since been removed. Today's Keras has "
        "keras.wrappers.SKLearnClassifier. Here the name exists, and is our GridSearchCV.",
        code="scratchtune.core.study.search_cv.GridSearchCV", lesson=1, lines=(24, 25)),
    Statement(
        "5", "grid_search.fit(X_train, y_train)",
        "The search is fitted to the training rows.", LOOSE,
        "X_train and y_train are defined nowhere. The number of epochs is not given either: by default it is one, "
        "so the nine configurations are compared after a single epoch, in 45 trainings and a last one on all rows.",
        formulas="search_trainings", code="scratchtune.core.study.search_cv.GridSearchCV", lesson=1, lines=(26,)),
    Statement(
        "5", "print(grid_search.best_params_)",
        "It prints the best combination.", RIGHT_IF,
        'Right if "best" means best of nine on these folds. In a similar grid on 300 digits, eight random starts do '
        "not all choose the same one; and the score of the best of several is, on average, too high.",
        claims="01b 15a", code="scratchtune.insight.verdicts.optimism", lesson=15, lines=(28, 29)),
    Statement(
        "6.1", "超参数调整对于模型的准确率至关重要",
        "In image classification tuning is essential for accuracy.", RIGHT_IF,
        "Right if the other values leave something to gain. On small images of digits the learning rate alone is "
        "ahead of random search over all five after 5 trainings. After 60 it is behind with usual values of the "
        "others, and ahead with dropout 0.4 and 192 units.",
        claims="32a 32b", code="scratchtune.examples.image.main", lesson=32, sentences="12a50258"),
    Statement(
        "6.1", "合适的网络结构、学习率和数据增强方法",
        "Structure, learning rate and augmentation improve it considerably.", RIGHT_IF,
        "Right if they fit the images. Trained on 20 images of bars, convolutions read at least 95 percent of the "
        "others, dense networks fewer than 60 percent. On images of clothes, augmentation by moves gains ten points "
        "or more where new images are moved, and one at most, mostly less than nothing, where they are not.",
        claims="30b 31a 31c", formulas="conv2d", code="scratchtune.images.conv2d.Conv2D", lesson=30,
        sentences="f70131a8"),
    Statement(
        "6.2", "超参数调整同样重要",
        "In natural language processing tuning is just as important.", OPINION,
        "For a translator of number words a rate of 0.03 instead of 0.01 gains, and so does attention. Whether that "
        "is just as important as elsewhere, nothing says.",
        claims="40a 40b", lesson=40, sentences="631484fc"),
    Statement(
        "6.2", "编码器-解码器结构、注意力机制和词嵌入维度",
        "Encoder-decoder, attention, embedding size improve translation.", RIGHT_IF,
        "Right for two of the three, in a translator of number words: without attention the translations are worse "
        "at both learning rates that were tried, and in the lesson's pairs an embedding of 32 gains over one of 16. "
        "Other encoders and decoders were not compared there.",
        claims="40b", formulas="dot_product_attention embedding", code="scratchtune.sequences.seq2seq.Seq2Seq",
        lesson=40, sentences="369de2d5"),
    Statement(
        "6.3", "语音识别模型的性能也依赖于超参数调整",
        "Speech recognition depends on tuning, too.", RIGHT,
        "In a small recogniser of synthetic voices, after ten epochs, a higher rate alone or smaller batches alone "
        "leave the character error rate above 0.55; both together bring it below 0.5.",
        claims="44a", code="scratchtune.sequences.recognizer.SpeechRecognizer", lesson=44, sentences="2c81b2d9"),
    Statement(
        "6.3", "声学模型和语言模型的结构、特征提取方法和解码算法",
        "Acoustic and language models, features, decoding improve recognition.", RIGHT_IF,
        "Right if they are chosen on voices of their own. Mel filters at least halve the distance to a voice of "
        "another pitch. A wider beam finds the best text of random frames more often, and still misses some that a "
        "narrower one finds.",
        claims="41a 43a", formulas="log_mel ctc_step prefix_extended",
        code="scratchtune.sequences.speech.decoding.decode", lesson=43, sentences="8505efb7"),
    Statement(
        "7.1", "支持随机搜索、贝叶斯优化和 Hyperband",
        "Keras Tuner has random search, Bayesian optimisation, Hyperband.", RIGHT,
        "Functions build(hp) that were written for it run here with another import; it also has a grid search.",
        formulas="hyperband_rung_size", code="scratchtune.interop.keras_tuner.Tuner", lesson=24,
        sentences="6deede94"),
    Statement(
        "7.2", "支持多种优化算法和可视化工具",
        "Optuna has several algorithms and visualisation.", RIGHT,
        "Objectives written for it run here with another import; the names of its samplers stand for ours; and its "
        "studies can be read and written.",
        formulas="median_stopping tpe_ratio", code="scratchtune.interop.optuna.create_study", lesson=49,
        sentences="c35c878d"),
    Statement(
        "7.3", "支持分布式训练和多种优化算法",
        "Ray Tune scales, with distributed training and several algorithms.", RIGHT,
        "Most of its search algorithms are those of other libraries, such as Optuna; schedulers such as ASHA are "
        "its own. Studies run here on Ray's and Dask's workers.",
        formulas="mean_gradient idle_share", code="scratchtune.interop.clusters.RayExecutor", lesson=52,
        sentences="de204210"),
    Statement(
        "8.1", "旨在自动化机器学习模型的开发过程",
        "AutoML automates the development of models, tuning included.", RIGHT,
        "It also chooses the kind of model and the preprocessing, and combines models: as a mean of ten synthetic "
        "tables, the greedy ensemble has a lower error on new rows than the best model.",
        claims="46a", formulas="ensemble_mean", code="scratchtune.tables.auto.AutoClassifier", lesson=46,
        sentences="48f05d3d"),
    Statement(
        "8.1", "将进一步简化深度学习模型的开发流程",
        "AutoML will simplify the development further.", OPINION,
        "A forecast. What it does not take away is judging the result: from 100 models of pure noise, greedy "
        "selection makes an ensemble that looks better than guessing on the rows that chose it.",
        claims="46b", lesson=46, sentences="a904b58f"),
    Statement(
        "8.2", "往往缺乏可解释性",
        "Tuning often lacks interpretability, which limits the model's credibility and range of use.", RIGHT_IF,
        "Right if only the best configuration is kept. A searcher knows why it proposed each trial, a study shows "
        "which hyper-parameters mattered, and a few more trainings show which single change brought most of the "
        "gain.",
        claims="48a 48c", formulas="marginal_variance", code="scratchtune.core.study.study.Study.why", lesson=48,
        sentences="547d04ed"),
    Statement(
        "8.2", "开发可解释的调参方法和工具",
        "Future research: interpretable methods and tools.", OPINION,
        "Some exist: importances, ablation paths, reasons for each proposal, a verdict on the gain.",
        code="scratchtune.insight.reporting", lesson=48, sentences="72294f67"),
    Statement(
        "8.3", "通常需要大量的计算资源",
        "Tuning usually takes much computation, above all in large spaces.", RIGHT_IF,
        "Right if each configuration is trained to the end. On digits, at equal epochs, Hyperband has a lower mean "
        "regret than random search, though it is ahead in fewer than two of three pairs; a race of 27 "
        "configurations beats three whole trainings at the price of three.",
        claims="24a 24b 24c", formulas="search_trainings hyperband_bracket_size",
        code="scratchtune.core.search.hyperband.Hyperband", lesson=24, sentences="9c277e13"),
    Statement(
        "8.3", "更高效的调参算法和硬件加速技术",
        "Future research: better algorithms, faster hardware.", OPINION,
        "Some of it needs no other hardware: compiling the whole training loop makes the steps of small networks "
        "many times as fast as in scikit-learn or PyTorch; for large ones, where the matrix product takes the time, "
        "it gains little.",
        formulas="matmul", code="scratchtune.core.network.engine.train_epoch", lesson=50, sentences="07b70b7c"),
    Statement(
        "9.1", "取决于具体任务、超参数空间大小和计算资源",
        "The choice depends on the task, the space and the resources.", RIGHT,
        "Right, and more decides: noise, parallel workers, several objectives, and whether a training can be "
        "stopped early. On a smooth valley a Gaussian process is ahead of TPE, on a checkerboard it is behind.",
        claims="28a 28b 28c", code="scratchtune.core.search.recommending.recommend", lesson=28, sentences="b53ee6f1"),
    Statement(
        "9.2", "在验证集上的性能指标",
        "Tuning is evaluated by the metric on the validation set.", LOOSE,
        "Necessary, and not sufficient: the winner's validation score is too high because it won, and the more so "
        "the more configurations were tried. It takes a test set that took no part in the search, or an estimate of "
        "that optimism.",
        claims="15a 15b 48b", formulas="corrected_standard_error", code="scratchtune.insight.verdicts.optimism",
        lesson=15, sentences="624b10be"),
    Statement(
        "9.3", "通过正则化技术、数据增强和早停",
        "Regularisation, augmentation and early stopping avoid overfitting.", RIGHT_IF,
        'Right if "avoid" means "reduce". On 200 digits, some with wrong labels, six such means together are more '
        "accurate than each alone, and yet beside the other five early stopping raises the log loss. More rows "
        "help, too.",
        claims="16b 16d 17b 17d", code="scratchtune.core.network.callbacks.EarlyStopping", lesson=17,
        sentences="3328e590"),
)
