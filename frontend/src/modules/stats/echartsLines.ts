/** The parts of ECharts that charts over time need: a chunk of its own, loaded when the first chart is shown. */
import { LineChart } from 'echarts/charts'
import { GridComponent } from 'echarts/components'
import * as core from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

core.use([LineChart, GridComponent, CanvasRenderer])

export default core
